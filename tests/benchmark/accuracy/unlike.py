"""Pictures unlike those that a model was calibrated on, from 0 to 255."""

import numpy as np
from PIL import Image, ImageFilter

from project import jpeg_files


def unchanged(pixels, _):
    return pixels


def blurred(pixels, _):
    """A Gaussian of a fiftieth of the side."""
    picture = Image.fromarray(np.rint(np.clip(pixels, 0, 255)).astype(np.uint8))
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(len(pixels) / 50)), np.float32)


def dark(pixels, _):
    return pixels * 0.3


def noisy(pixels, generator):
    """Gaussian noise of an eighth of the range."""
    return np.clip(pixels + generator.normal(0, 32, pixels.shape), 0, 255)


def inverted(pixels, _):
    return 255 - pixels


CHANGES = {"as they are": unchanged, "blurred": blurred, "dark": dark, "noisy": noisy, "inverted": inverted}


def sets(project, files, other, count, seed):
    """Names and the model's inputs of sets of at most `count` pictures: `files` changed, and pictures below `other`."""
    generator = np.random.default_rng(seed)
    sources = [project.pixels(file) for file in files[:count]]
    for name, change in CHANGES.items():
        yield name, np.stack([project.normalized(change(pixels, generator)) for pixels in sources])
    if other:
        files = jpeg_files(other)
        generator.shuffle(files)
        yield "other pictures", project.pictures(files[:count])
