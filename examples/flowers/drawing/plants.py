"""The parts that several species share: petals, stems, leaves, seed discs."""

import numpy as np

from .painter import colour, jitter, mix, polar

GREENS = [colour(code) for code in ("3f7d2a", "5a8f35", "2f6b3a", "6f9a45", "4c7a4a", "7d9b3c")]
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


def green(rng):
    """A leaf colour."""
    return jitter(rng, GREENS[rng.integers(len(GREENS))], 0.08)


def outline(base, tip, count=9):
    """Half-widths (at most 1) of a petal at `count` + 1 places from its base to its tip.

    The exponents say how the petal narrows: 0.3 is round, 1 is pointed.
    """
    place = np.linspace(0, 1, count + 1)
    widths = place**base * (1 - place) ** tip
    return widths / widths.max()


def petal(painter, frame, angle, length, width, widths, shades, start=0.0, bend=0.0, vein=0.25, edge=0.3):
    """One petal from radius `start` to `start` + `length` in the direction `angle`.

    `shades` are the colours of base and tip; `bend` moves the tip sideways; `vein` and `edge` are the
    strengths of the mid line and of the dark rim.
    """
    place = np.linspace(0, 1, len(widths))
    axis = np.array([np.cos(angle), np.sin(angle)])
    side = np.array([-axis[1], axis[0]])
    middle = np.outer(start + place * length, axis) + np.outer(bend * place**2, side)
    left = frame.map(middle + np.outer(widths * width, side))
    right = frame.map(middle - np.outer(widths * width, side))
    if edge:
        rim = np.concatenate([left, right[::-1]])
        heart = rim.mean(axis=0)
        painter.polygon(heart + (rim - heart) * 1.07, shades[0] * 0.45, edge)
    for i in range(len(widths) - 1):
        strip = np.array([left[i], left[i + 1], right[i + 1], right[i]])
        painter.polygon(strip, mix(shades[0], shades[1], place[i]))
    # The half that looks away from the light is a little darker.
    spine = frame.map(middle)
    painter.polygon(np.concatenate([spine, right[::-1]]), shades[0] * 0.55, 0.16)
    if vein:
        painter.line(spine[1:-1], 0.012 * frame.radius, shades[0] * 0.6, vein)


def ray_light(angle, light):
    """Brightness of a petal that points to `angle` when the light comes from `light`."""
    return 1 + 0.1 * np.cos(angle - light)


def seed_disc(rng, painter, frame, radius, shades, count):
    """A flower's centre as a spiral of florets; `shades` are the colours in the middle and at the rim."""
    turn = np.linspace(0, 2 * np.pi, 28)
    painter.polygon(frame.map(polar(turn, radius * 1.08)), shades[1] * 0.4, 0.5)
    painter.polygon(frame.map(polar(turn, radius)), shades[1] * 0.8)
    index = np.arange(count)[::-1]
    distance = np.sqrt((index + 0.5) / count)
    places = frame.map(polar(index * GOLDEN_ANGLE, radius * distance * 0.97))
    size = 0.85 * radius * frame.radius / np.sqrt(count)
    brightness = rng.normal(1, 0.12, count)
    for place, share, factor in zip(places, distance, brightness):
        painter.disc(place, size, mix(shades[0], shades[1], share**1.5) * factor)


def curve(start, end, bow, count=14):
    """Points of an arc from `start` to `end` that swings `bow` aside."""
    share = np.linspace(0, 1, count)[:, None]
    start, end = np.asarray(start, float), np.asarray(end, float)
    aside = np.array([end[1] - start[1], start[0] - end[0]])
    return start * (1 - share) + end * share + aside * bow * (4 * share * (1 - share))


def stem(painter, points, width, shade):
    """A round stalk along the points, lighter on one side."""
    painter.line(points, width, shade * 0.6)
    painter.line(points - [width * 0.12, 0], width * 0.7, shade)
    painter.line(points - [width * 0.22, 0], width * 0.25, mix(shade, np.ones(3), 0.3))


def leaf(painter, foot, length, angle, width, widths, shade, bend=0.0, veins=0):
    """A leaf from `foot` towards `angle` (radians, anticlockwise, y up) in picture lengths."""
    place = np.linspace(0, 1, len(widths))
    axis = np.array([np.cos(angle), -np.sin(angle)])
    side = np.array([-axis[1], axis[0]])
    spine = np.asarray(foot) + np.outer(place * length, axis) + np.outer(bend * length * place**2, side)
    left = spine + np.outer(widths * width * length, side)
    right = spine - np.outer(widths * width * length, side)
    painter.polygon(np.concatenate([left, right[::-1]]), shade)
    painter.polygon(np.concatenate([spine, right[::-1]]), shade * 0.72)
    light = mix(shade, np.ones(3), 0.3)
    for i in np.linspace(1, len(widths) - 3, veins).astype(int):
        for rim in (left, right):
            painter.line(np.array([spine[i], mix(spine[i + 1], rim[i + 1], 0.85)]), 0.003, light, 0.5)
    painter.line(spine, 0.006, light, 0.7)


def jagged(rng, base, tip, teeth, depth):
    """Leaf half-widths with teeth, from shallow (rose) to deep (dandelion)."""
    widths = outline(base, tip, teeth * 3)
    saw = 1 - depth * (np.arange(len(widths)) % 3) / 2 * rng.uniform(0.7, 1.2, len(widths))
    return np.clip(widths * saw, 0, 1)
