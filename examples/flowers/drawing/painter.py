"""Filled shapes on a supersampled picture.

Lengths are in units of the picture's shorter side, so that one drawing fits every size; y grows downwards.
Colours are three numbers from 0 to 1.
"""

import numpy as np
from PIL import Image, ImageDraw

SUPERSAMPLING = 2


def colour(hexadecimal):
    """The colour written as "rrggbb"."""
    return np.array([int(hexadecimal[i : i + 2], 16) / 255 for i in (0, 2, 4)])


def mix(first, second, share):
    """`first` where `share` is 0, `second` where it is 1."""
    return first * (1 - share) + second * share


def jitter(rng, base, amount=0.05):
    """`base` with a small random change of brightness and of every channel."""
    return np.clip(base * rng.normal(1, amount) + rng.normal(0, amount / 2, 3), 0, 1)


def _fill(shade, opacity):
    red, green, blue = (np.clip(shade, 0, 1) * 255 + 0.5).astype(int).tolist()
    return red, green, blue, int(opacity * 255)


class Painter:
    """Draws on an image that is SUPERSAMPLING times larger than the picture it will become."""

    def __init__(self, image):
        self.image = image
        self.unit = min(image.size)
        self.width = image.width / self.unit
        self.height = image.height / self.unit
        # The mode "RGBA" makes Pillow blend translucent fills into an RGB image.
        self._draw = ImageDraw.Draw(image, "RGBA")

    @classmethod
    def blank(cls, size, mode="RGB", fill=0):
        """A painter for a picture of `size` (width, height) pixels."""
        return cls(Image.new(mode, tuple(SUPERSAMPLING * side for side in size), fill))

    def polygon(self, points, shade, opacity=1.0):
        """Fills the polygon with these corners, an array [n, 2]."""
        self._draw.polygon((points * self.unit).ravel().tolist(), fill=_fill(shade, opacity))

    def line(self, points, width, shade, opacity=1.0):
        """Draws a line through the points, at least one supersampled pixel wide."""
        pixels = max(1, round(width * self.unit))
        self._draw.line((points * self.unit).ravel().tolist(), fill=_fill(shade, opacity), width=pixels, joint="curve")

    def disc(self, centre, radius, shade, opacity=1.0):
        """Fills a circle; `radius` may be a pair for an upright ellipse."""
        reach = np.broadcast_to(radius, 2)
        box = np.concatenate([centre - reach, centre + reach]) * self.unit
        self._draw.ellipse(box.tolist(), fill=_fill(shade, opacity))


class Frame:
    """Where a plant part stands: local coordinates, with radius 1 and y upwards, to picture coordinates."""

    def __init__(self, centre, radius, rotation=0.0, tilt=1.0, lean=0.0):
        """`rotation` turns the part in its own plane, `tilt` (0 to 1) flattens that plane, `lean` turns the result."""
        self.centre = np.asarray(centre, float)
        self.radius = radius
        self.lean = lean
        self._matrix = _turn(lean) @ np.diag([1, tilt]) @ _turn(rotation)

    def map(self, points):
        """Picture coordinates of local points [n, 2] or [2]."""
        return self.centre + (np.asarray(points) @ self._matrix.T) * self.radius * np.array([1, -1])


def _turn(angle):
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


def polar(angle, radius):
    """Local points at these angles (radians, anticlockwise from the x axis) and radii: [..., 2]."""
    return np.stack([np.cos(angle) * radius, np.sin(angle) * radius], axis=-1)


def smooth_noise(rng, shape, cells):
    """Random values of mean 0 and deviation 1, [height, width], that vary smoothly over about `cells` cells a side."""
    height, width = shape
    rows = max(2, round(cells * height / min(shape)))
    columns = max(2, round(cells * width / min(shape)))
    grid = Image.fromarray(rng.normal(0, 1, (rows, columns)).astype(np.float32))
    values = np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC))
    return values / max(values.std(), 1e-6)
