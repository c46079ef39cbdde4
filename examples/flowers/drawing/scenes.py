"""Where the flowers grow: backgrounds, arrangements and what stands in front."""

import numpy as np
from PIL import Image, ImageFilter

from .painter import SUPERSAMPLING, Painter, colour, jitter, mix, smooth_noise
from .plants import curve, green, leaf, outline
from .species import SPECIES


def _field(rng, size, top, bottom, cells, contrast):
    """A vertical gradient with smooth patches."""
    width, height = size
    share = np.linspace(0, 1, height)[:, None, None]
    patches = smooth_noise(rng, (height, width), cells)[..., None]
    pixels = mix(top, bottom, share) * (1 + contrast * patches)
    image = Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    return Painter(image.resize((width * SUPERSAMPLING, height * SUPERSAMPLING), Image.Resampling.BICUBIC))


def _blur(painter, radius):
    """The same picture out of focus; `radius` is a share of the shorter side."""
    return Painter(painter.image.filter(ImageFilter.GaussianBlur(float(radius * painter.unit))))


def _grass(rng, painter, count, horizon, length):
    for _ in range(count):
        foot = np.array([rng.uniform(-0.05, painter.width + 0.05), rng.uniform(horizon, painter.height + 0.15)])
        nearness = 0.5 + 0.5 * foot[1] / painter.height
        leaf(
            painter,
            foot,
            length * rng.uniform(0.6, 1.4) * nearness,
            np.pi / 2 + rng.normal(0, 0.3),
            0.035,
            outline(0.2, 0.8, 5),
            green(rng) * rng.uniform(0.6, 1.15) * nearness,
            rng.normal(0, 0.25),
        )


def meadow(rng, size):
    """Grass blades, nearer ones longer."""
    base = green(rng)
    painter = _field(rng, size, mix(base, colour("cfe3b0"), rng.uniform(0, 0.4)), base * 0.7, 6, 0.12)
    _grass(rng, painter, rng.integers(60, 160), rng.uniform(0, 0.5), rng.uniform(0.15, 0.4))
    return _blur(painter, rng.choice([0.002, 0.008, 0.02]))


def sky(rng, size):
    """Clouds above, a hint of land below."""
    top, bottom = jitter(rng, colour("5b94d6"), 0.1), jitter(rng, colour("c7e0f2"), 0.05)
    if rng.random() < 0.2:
        top, bottom = jitter(rng, colour("8a8fae"), 0.1), jitter(rng, colour("f3c9a2"), 0.06)
    painter = _field(rng, size, top, bottom, 4, 0.03)
    for _ in range(rng.integers(0, 5)):
        centre = np.array([rng.uniform(0, painter.width), rng.uniform(0, 0.6)])
        for _ in range(9):
            painter.disc(
                centre + rng.normal(0, 0.09, 2), rng.uniform(0.05, 0.13) * np.array([1.5, 0.8]), np.ones(3), 0.35
            )
    painter = _blur(painter, 0.025)
    if rng.random() < 0.6:
        _grass(rng, painter, 110, painter.height * rng.uniform(0.75, 0.95), 0.25)
    return _blur(painter, 0.006)


def soil(rng, size):
    """A garden bed: clods, pebbles, some weeds."""
    earth = jitter(rng, colour(rng.choice(["6b4a2f", "7d6346", "4f3a2a", "8a7355"])), 0.08)
    painter = _field(rng, size, earth * 1.1, earth * 0.8, 14, 0.12)
    for _ in range(rng.integers(120, 260)):
        place = rng.uniform(0, 1, 2) * [painter.width, painter.height]
        reach = rng.uniform(0.006, 0.03) * np.array([1, 0.7])
        painter.disc(place + reach * 0.4, reach, earth * 0.4, 0.6)
        painter.disc(place, reach, jitter(rng, earth, 0.04) * rng.uniform(0.75, 1.3))
    _grass(rng, painter, rng.integers(0, 25), 0.2, 0.12)
    return _blur(painter, rng.choice([0.002, 0.006, 0.015]))


def bokeh(rng, size):
    """An out-of-focus garden: soft discs of light."""
    base = jitter(rng, colour(rng.choice(["35512b", "5d7d46", "2b3a33", "7e9a6a", "6a5a4a", "9fb38a"])), 0.08)
    painter = _field(rng, size, base * rng.uniform(0.9, 1.4), base * rng.uniform(0.6, 1), 3, 0.16)
    spots = [
        colour(code)
        for code in ("cfe08a", "f3e9b0", "8fb35a", "f2d34a", "e79bbd", "d4203a", "ffffff", "9a6fb8", "f0a03a")
    ]
    for _ in range(rng.integers(8, 40)):
        place = rng.uniform(0, 1, 2) * [painter.width, painter.height]
        painter.disc(place, rng.uniform(0.02, 0.11), spots[rng.integers(len(spots))], rng.uniform(0.12, 0.45))
    return _blur(painter, rng.uniform(0.012, 0.035))


def indoor(rng, size):
    """A wall, a table top, perhaps a window."""
    wall = jitter(rng, colour(rng.choice(["d9cfc0", "b8c4c8", "e9e4da", "8f9a94", "c9a88a", "5f6a78"])), 0.05)
    painter = _field(rng, size, wall * 1.05, wall * 0.85, 2, 0.04)
    if rng.random() < 0.45:
        left, width = rng.uniform(-0.2, 0.6), rng.uniform(0.3, 0.6)
        pane = np.array([[left, -0.1], [left + width, -0.1], [left + width, 0.6], [left, 0.6]])
        painter.polygon(pane, jitter(rng, colour("eef4f8"), 0.03))
        frame = jitter(rng, colour("f7f5ef"), 0.04) * 0.85
        painter.line(pane[[0, 3, 2, 1]], 0.03, frame)
        painter.line((pane[[0, 3]] + pane[[1, 2]]) / 2, 0.02, frame)
    table = jitter(rng, colour(rng.choice(["8a5f3a", "b98a5c", "5b4030", "d8d2c8"])), 0.06)
    edge = painter.height * rng.uniform(0.72, 0.92)
    corners = np.array([[-0.1, edge], [painter.width + 0.1, edge], [painter.width + 0.1, 2], [-0.1, 2]])
    painter.polygon(corners, table)
    for height in np.arange(edge, painter.height, 0.03):
        painter.line(curve([0, height], [painter.width, height], rng.normal(0, 0.02)), 0.004, table * 0.8, 0.5)
    return _blur(painter, rng.choice([0.003, 0.012, 0.025]))


BACKGROUNDS = [(0.28, meadow), (0.17, sky), (0.14, soil), (0.24, bokeh), (0.17, indoor)]


def _vase(rng, painter, mouth):
    glass = jitter(rng, colour(rng.choice(["8fb0bf", "d9d4c8", "3e5f78", "b5683f", "eeeeea"])), 0.06)
    depth = painter.height - mouth[1] - rng.uniform(0.02, 0.08)
    share = np.linspace(0, 1, 12)
    half = rng.uniform(0.09, 0.14) * (1 + rng.uniform(0.1, 0.9) * np.sin(share * np.pi * 0.85))
    rows = mouth[1] + share * depth
    body = np.concatenate([np.stack([mouth[0] - half, rows], 1), np.stack([mouth[0] + half, rows], 1)[::-1]])
    painter.disc([mouth[0], rows[-1]], np.array([half[-1] * 1.5, 0.025]), np.zeros(3), 0.35)
    painter.polygon(body, glass)
    for inset, tint in ((0.35, 1.12), (0.55, 1.22)):
        painter.line(np.stack([mouth[0] - half * inset, rows], 1)[1:-1], 0.03, np.clip(glass * tint, 0, 1), 0.5)
    painter.disc(mouth, np.array([half[0], half[0] * 0.2]), glass * 0.45)


def _portrait(rng, painter, species, light):
    """One large head, often cut by the picture's edge."""
    radius = rng.uniform(0.26, 0.5)
    centre = np.array([painter.width, painter.height]) * rng.normal(0.5, 0.09, 2)
    foot = [centre[0] + rng.normal(0, 0.2), painter.height + 0.3]
    species.grow(rng, painter, foot, centre, radius, light)


def _group(rng, painter, species, light):
    """A few plants of one variety, the rear ones smaller."""
    count = rng.integers(2, 6)
    radii = np.sort(rng.uniform(0.1, 0.24, count))
    columns = rng.permutation((np.arange(count) + 0.5) / count) + rng.normal(0, 0.06, count)
    for radius, column in zip(radii, columns):
        centre = np.array([column * painter.width, painter.height * rng.uniform(0.2, 0.62)])
        foot = [centre[0] + rng.normal(0, 0.12), painter.height + 0.05]
        species.grow(rng, painter, foot, centre, radius, light)


def _patch(rng, painter, species, light):
    """Many small plants in rows, as in a field."""
    count = rng.integers(8, 16)
    for row in np.sort(rng.uniform(0.2, 0.9, count)):
        radius = rng.uniform(0.05, 0.075) * (0.6 + row)
        centre = np.array([rng.uniform(0.03, 0.97) * painter.width, row * painter.height])
        foot = [centre[0] + rng.normal(0, 0.03), min(centre[1] + radius * 5, painter.height + 0.1)]
        species.grow(rng, painter, foot, centre, radius, light)


def _bouquet(rng, painter, species, light):
    """Cut flowers in a vase."""
    mouth = np.array([painter.width * rng.uniform(0.38, 0.62), painter.height * rng.uniform(0.62, 0.72)])
    count = rng.integers(1, 6)
    for offset in rng.permutation(np.linspace(-0.5, 0.5, count) if count > 1 else [0.0]):
        length = (mouth[1] - 0.05) * rng.uniform(0.55, 0.85)
        centre = mouth + np.array([np.sin(offset), -np.cos(offset)]) * length
        species.grow(rng, painter, mouth + [offset * 0.1, 0.02], centre, rng.uniform(0.12, 0.2), light)
    _vase(rng, painter, mouth)


def _neighbours(rng, painter, names):
    """Flowers of any species far behind, out of focus."""
    for _ in range(rng.integers(1, 4)):
        species = SPECIES[names[rng.integers(len(names))]](rng)
        centre = np.array([rng.uniform(0, painter.width), painter.height * rng.uniform(0.2, 0.8)])
        species.grow(rng, painter, centre + [0, 0.6], centre, rng.uniform(0.04, 0.1), 0.8)
    return _blur(painter, rng.uniform(0.012, 0.025))


def _foreground(rng, size, image):
    """Lays blurred blades or leaves over part of the picture."""
    layer = Painter.blank(size, "RGBA", (60, 100, 40, 0))
    for _ in range(rng.integers(2, 7)):
        foot = np.array([rng.uniform(0, layer.width), layer.height + 0.05])
        width = rng.choice([0.03, 0.05, 0.2], p=[0.4, 0.4, 0.2])
        leaf(
            layer,
            foot,
            layer.height * rng.uniform(0.4, 0.95) * (1 if width < 0.1 else 0.6),
            np.pi / 2 + rng.normal(0, 0.35),
            width,
            outline(0.25, 0.8, 12),
            green(rng) * rng.uniform(0.7, 1.1),
            rng.normal(0, 0.2),
        )
    cover = (
        layer.image.convert("RGBa")
        .filter(ImageFilter.GaussianBlur(rng.uniform(0.004, 0.02) * layer.unit))
        .convert("RGBA")
    )
    image.paste(cover.convert("RGB"), (0, 0), cover.getchannel("A"))


def compose(rng, name, size):
    """An RGB picture of `size` (width, height) with flowers of the class `name` as the subject."""
    species = SPECIES[name](rng)
    weights = [weight for weight, _ in BACKGROUNDS]
    background = BACKGROUNDS[rng.choice(len(BACKGROUNDS), p=weights)][1]
    painter = background(rng, size)
    light = rng.uniform(0.2, 2.9)
    if background is not indoor and rng.random() < 0.35:
        painter = _neighbours(rng, painter, list(SPECIES))
    if background is indoor and rng.random() < 0.75:
        arrangement = _bouquet
    else:
        arrangement = rng.choice([_portrait, _group, _patch], p=[0.45, 0.37, 0.18])
    arrangement(rng, painter, species, light)
    if rng.random() < 0.25:
        _foreground(rng, size, painter.image)
    return painter.image.resize(size, Image.Resampling.LANCZOS)
