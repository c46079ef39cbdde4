"""What a camera does to a scene: light, focus, sensor noise and JPEG compression."""

import io

import numpy as np
from PIL import Image, ImageFilter

from .painter import smooth_noise


def _light(rng, pixels):
    """Uneven light, exposure, colour temperature and contrast on values from 0 to 1."""
    height, width, _ = pixels.shape
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    direction = rng.uniform(0, 2 * np.pi)
    slope = rng.uniform(0, 0.25) * (np.cos(direction) * columns + np.sin(direction) * rows)
    vignette = rng.uniform(0, 0.22) * (rows**2 + columns**2) / 2
    light = 1 + slope - vignette
    if rng.random() < 0.22:
        # Dappled shade, as under a tree.
        shade = 1 / (1 + np.exp(-2.5 * smooth_noise(rng, (height, width), rng.uniform(3, 6))))
        light = light * (1 - rng.uniform(0.2, 0.5) * shade)
    warmth = rng.normal(0, 0.06)
    exposure = np.exp(rng.normal(0, 0.2))
    pixels = pixels * light[..., None] * exposure * np.array([1 + warmth, 1, 1 - warmth])
    if rng.random() < 0.12:
        # Haze or glare lifts the shadows.
        pixels = pixels * 0.72 + 0.28 * np.array([1, 0.98, 0.92])
    contrast = rng.uniform(0.8, 1.15)
    return np.clip(0.45 + (pixels - 0.45) * contrast, 0, 1)


def photograph(rng, image):
    """The picture with the faults of a real photograph, still uncompressed."""
    pixels = _light(rng, np.asarray(image, np.float32) / 255)
    image = Image.fromarray((pixels * 255 + 0.5).astype(np.uint8))
    if rng.random() < 0.35:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.6)))
    pixels = np.asarray(image, np.float32)
    noise = rng.choice([0, 2, 4, 9], p=[0.3, 0.4, 0.2, 0.1])
    pixels = pixels + rng.normal(0, 1, pixels.shape).astype(np.float32) * noise
    return Image.fromarray((np.clip(pixels, 0, 255) + 0.5).astype(np.uint8))


def jpeg(rng, image):
    """The bytes of a JPEG file of varying quality."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(rng.integers(45, 82)), optimize=True)
    return buffer.getvalue()
