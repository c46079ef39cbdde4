"""The five species. Each object is one variety: colours and proportions are drawn once, every head differs a little.

`head` draws the flower in a frame, whose y axis is up; `foliage` draws leaves at a stem from `foot` to `head`.
"""

import numpy as np

from .painter import Frame, colour, jitter, mix, polar
from .plants import curve, green, jagged, leaf, outline, petal, ray_light, seed_disc, stem


def choose(rng, options):
    """One of (weight, value) pairs."""
    weights = np.array([weight for weight, _ in options], float)
    return options[rng.choice(len(options), p=weights / weights.sum())][1]


def palette(*pairs):
    """Weighted pairs of petal colours (base, tip)."""
    return [(weight, (colour(base), colour(tip))) for weight, base, tip in pairs]


class Species:
    """What the species have in common."""

    stem_width = 0.07
    tilts = (0.5, 1.0)

    def __init__(self, rng):
        self.stem_shade = green(rng)

    def variant(self, rng, shades, amount=0.04):
        """The variety's petal colours as one head shows them."""
        return [jitter(rng, shade, amount) for shade in shades]

    def grow(self, rng, painter, foot, centre, radius, light):
        """Draws the whole plant: stem from `foot` to `centre`, leaves, head of `radius`."""
        points = curve(foot, centre, rng.uniform(-0.12, 0.12))
        width = max(0.008, self.stem_width * radius * rng.uniform(0.8, 1.2))
        stem(painter, points, width, jitter(rng, self.stem_shade))
        self.foliage(rng, painter, points, radius)
        self.head(rng, painter, self.frame(rng, centre, radius), light)

    def frame(self, rng, centre, radius):
        """A disc-shaped head, turned at random and seen at a slant."""
        return Frame(centre, radius, rng.uniform(0, 6.3), rng.uniform(*self.tilts), rng.normal(0, 0.35))


class Daisy(Species):
    """A ring of long petals around a small yellow disc."""

    SHADES = palette(
        (66, "e6e8ea", "ffffff"),
        (12, "f3d9e4", "e79bbd"),
        (8, "d8cdea", "b193d6"),
        (9, "f4e27c", "f9eea6"),
        (5, "f2c230", "f7d64a"),
    )

    def __init__(self, rng):
        super().__init__(rng)
        self.shades = choose(rng, self.SHADES)
        self.count = rng.integers(11, 27)
        self.disc = rng.uniform(0.22, 0.38)
        self.layers = rng.choice([1, 2], p=[0.6, 0.4])
        self.widths = outline(rng.uniform(0.4, 0.8), rng.uniform(0.2, 0.42))
        self.middle = choose(rng, palette((6, "e8a60c", "f7cf2e"), (2, "c98a12", "edb522"), (1, "8a5a1c", "d99c1f")))

    def head(self, rng, painter, frame, light):
        shades = self.variant(rng, self.shades)
        width = min(0.22, 3.4 / self.count * rng.uniform(0.5, 0.75))
        for layer in range(self.layers):
            for i in rng.permutation(self.count):
                angle = 2 * np.pi * (i + layer / 2) / self.count + rng.normal(0, 0.05)
                tint = ray_light(angle, light) * (0.9 + 0.1 * layer if self.layers == 2 else 1)
                length = (1 - self.disc * 0.7) * rng.normal(0.97, 0.04)
                petal(
                    painter,
                    frame,
                    angle,
                    length,
                    width,
                    self.widths,
                    [shades[0] * tint * 0.92, shades[1] * tint],
                    start=self.disc * 0.7,
                    bend=rng.normal(0, 0.05),
                    edge=0.28,
                )
        seed_disc(rng, painter, frame, self.disc, self.variant(rng, self.middle), 70)

    def foliage(self, rng, painter, points, radius):
        for _ in range(rng.integers(2, 6)):
            leaf(
                painter,
                points[rng.integers(0, 4)],
                radius * rng.uniform(0.5, 1.1),
                np.pi / 2 + rng.normal(0, 0.9),
                0.16,
                outline(1.2, 0.35),
                green(rng),
                rng.normal(0, 0.15),
            )


class Dandelion(Species):
    """A dense yellow head of straps, sometimes half closed, sometimes the white seed clock."""

    stem_width = 0.1
    SHADES = palette((5, "e9a800", "ffd91f"), (4, "f0b400", "ffe84a"), (2, "de9400", "f8c51a"))

    def __init__(self, rng):
        super().__init__(rng)
        self.shades = choose(rng, self.SHADES)
        self.form = rng.choice(["open", "side", "clock"], p=[0.58, 0.17, 0.25])
        self.stem_shade = mix(green(rng), colour("b08a70"), rng.uniform(0, 0.5))

    def head(self, rng, painter, frame, light):
        {"open": self._open, "side": self._side, "clock": self._clock}[self.form](rng, painter, frame, light)

    def _open(self, rng, painter, frame, light):
        shades = self.variant(rng, self.shades)
        widths = outline(0.25, 0.12, 5)
        layers = rng.integers(4, 7)
        for layer in range(layers):
            depth = layer / layers
            count = int(30 - 14 * depth)
            for angle in np.arange(count) / count * 2 * np.pi + rng.uniform(0, 1) + rng.normal(0, 0.06, count):
                tint = ray_light(angle, light) * rng.normal(1, 0.04)
                petal(
                    painter,
                    frame,
                    angle,
                    (1 - 0.75 * depth) * rng.normal(0.95, 0.06),
                    rng.uniform(0.045, 0.075) * (1 - 0.4 * depth),
                    widths,
                    [shades[0] * tint * (0.95 - 0.12 * depth), shades[1] * tint * (1 - 0.06 * depth)],
                    bend=rng.normal(0, 0.04),
                    vein=0,
                    edge=0.35,
                )
        for _ in range(14):
            place = polar(rng.uniform(0, 6.3), rng.uniform(0, 0.2))
            painter.disc(frame.map(place), 0.035 * frame.radius, shades[0] * rng.uniform(0.7, 1))

    def _side(self, rng, painter, frame, light):
        shades = self.variant(rng, self.shades)
        upright = Frame(frame.centre, frame.radius * 0.95, lean=rng.normal(0, 0.25))
        spread = rng.uniform(0.7, 1.35)
        for layer in range(3):
            for offset in rng.permutation(np.linspace(-spread, spread, 15)):
                tint = rng.normal(1 - 0.08 * (2 - layer), 0.04)
                petal(
                    painter,
                    upright,
                    np.pi / 2 + offset * (1 - 0.2 * layer),
                    (1.05 - 0.15 * layer) * rng.normal(1, 0.05),
                    0.08,
                    outline(0.25, 0.12, 5),
                    [shade * tint for shade in shades],
                    start=-0.15,
                    vein=0,
                    edge=0.3,
                )
        for offset in np.linspace(-0.5, 0.5, 7):
            petal(
                painter,
                upright,
                np.pi / 2 + offset,
                0.55,
                0.1,
                outline(0.2, 0.8, 5),
                [self.stem_shade * 0.7, self.stem_shade],
                start=-0.28,
                vein=0,
            )

    def _clock(self, rng, painter, frame, light):
        ball = Frame(frame.centre, frame.radius)
        turn = np.linspace(0, 2 * np.pi, 30)
        white = jitter(rng, colour("f1f3f0"), 0.03)
        painter.polygon(ball.map(polar(turn, 0.97)), white, rng.uniform(0.12, 0.35))
        missing = rng.uniform(0, 0.35) if rng.random() < 0.4 else 0
        for _ in range(rng.integers(80, 130)):
            direction = rng.normal(0, 1, 3)
            x, y, _ = direction / np.linalg.norm(direction)
            if (np.arctan2(y, x) + np.pi) / (2 * np.pi) < missing:
                continue
            tip = np.array([x, y])
            painter.line(ball.map(np.array([tip * 0.12, tip * 0.92])), 0.008 * frame.radius, white * 0.9, 0.55)
            for ray in np.linspace(0, 2 * np.pi, 8)[:-1] + rng.uniform(0, 1):
                painter.line(
                    ball.map(np.array([tip * 0.92, tip * 0.92 + polar(ray, 0.13)])), 0.006 * frame.radius, white, 0.6
                )
        painter.disc(ball.centre, 0.13 * frame.radius, colour("7a5f3e") * rng.uniform(0.8, 1.2))

    def foliage(self, rng, painter, points, radius):
        for _ in range(rng.integers(2, 6)):
            leaf(
                painter,
                points[0],
                radius * rng.uniform(1.2, 2.2),
                np.pi / 2 + rng.normal(0, 0.9),
                0.15,
                jagged(rng, 0.8, 0.5, 5, 0.75),
                green(rng),
                rng.normal(0, 0.25),
            )


class Rose(Species):
    """Layers of broad round petals that wind up in the middle."""

    tilts = (0.72, 1.0)
    SHADES = palette(
        (28, "7c0a1c", "d4203a"),
        (20, "c9406e", "f5a3bd"),
        (12, "e9dcc4", "fffaf0"),
        (12, "e0a018", "fbe07c"),
        (10, "e2703a", "fbc09a"),
        (9, "8d1560", "d95aa8"),
        (9, "d76a80", "fde3e2"),
    )

    def __init__(self, rng):
        super().__init__(rng)
        self.shades = choose(rng, self.SHADES)
        self.form = rng.choice(["open", "side"], p=[0.62, 0.38])
        self.layers = rng.integers(5, 9)
        self.spread = rng.uniform(0.62, 0.8)

    def head(self, rng, painter, frame, light):
        shades = self.variant(rng, self.shades)
        if self.form == "side":
            upright = Frame(frame.centre, frame.radius, lean=rng.normal(0, 0.25))
            self._cup(rng, painter, upright, shades)
            frame = Frame(
                upright.map([0, 0.28]), frame.radius * 0.82, rng.uniform(0, 6.3), rng.uniform(0.5, 0.72), upright.lean
            )
        else:
            for angle in np.arange(5) * 1.257 + rng.uniform(0, 1):
                petal(
                    painter,
                    frame,
                    angle,
                    0.6,
                    0.12,
                    outline(0.3, 0.9, 6),
                    [self.stem_shade * 0.7, self.stem_shade],
                    start=0.5,
                )
        self._whorl(rng, painter, frame, shades, light)

    def _cup(self, rng, painter, frame, shades):
        for angle in (-2.6, -2.1, -1.6, -1.1, -0.6):
            petal(
                painter,
                frame,
                angle,
                0.45,
                0.09,
                outline(0.3, 0.9, 6),
                [self.stem_shade * 0.7, self.stem_shade],
                start=0.42,
            )
        for offset in rng.permutation([-0.62, 0.62, -0.3, 0.3, 0.0]):
            tint = rng.uniform(0.8, 1.0)
            petal(
                painter,
                frame,
                np.pi / 2 + offset,
                1.25,
                rng.uniform(0.42, 0.55),
                outline(0.4, 0.28),
                [shades[0] * tint, shades[1] * tint],
                start=-0.75,
                vein=0.1,
            )

    def _whorl(self, rng, painter, frame, shades, light):
        turn = np.linspace(0, 2 * np.pi, 20)
        start = rng.uniform(0, 6.3)
        for layer in range(self.layers):
            inward = layer / self.layers
            reach = (1 - inward) ** 0.9
            for i in range(6 - layer // 2):
                angle = start + 2 * np.pi * i / (6 - layer // 2) + rng.normal(0, 0.12)
                self._round_petal(
                    rng, painter, frame, turn, angle, reach, shades, ray_light(angle, light) * (1 - 0.22 * inward)
                )
            start += 2.4 * 0.5
        winding = np.linspace(0, 4 * np.pi, 26)
        painter.line(
            frame.map(polar(winding + start, winding / (4 * np.pi) * 0.2)), 0.03 * frame.radius, shades[0] * 0.5, 0.8
        )

    def _round_petal(self, rng, painter, frame, turn, angle, reach, shades, tint):
        radius = reach * 0.52 * rng.uniform(0.92, 1.1)
        middle = polar(angle, reach * self.spread * 0.68)
        wave = 1 + 0.05 * np.cos(turn * 3 + rng.uniform(0, 6.3))
        # The petal is wider than long, and its rim curls into the light.
        rim = _stretch(polar(turn, radius * wave), angle, 0.86, 1.22)
        inward = -polar(angle, radius)
        painter.polygon(frame.map(middle + rim * 1.1 + inward * 0.03), shades[0] * 0.35, 0.4)
        for size, share in ((1, 1.0), (0.92, 0.75), (0.78, 0.5), (0.6, 0.28), (0.4, 0.1)):
            painter.polygon(
                frame.map(middle + rim * size + inward * (1 - size) * 0.7), mix(shades[0], shades[1], share) * tint
            )

    def foliage(self, rng, painter, points, radius):
        shade = green(rng) * 0.85
        for _ in range(rng.integers(2, 6)):
            leaf(
                painter,
                points[rng.integers(2, len(points) - 2)],
                radius * rng.uniform(0.8, 1.4),
                rng.choice([0.5, 2.6]) + rng.normal(0, 0.4),
                0.32,
                jagged(rng, 0.55, 0.75, 6, 0.16),
                jitter(rng, shade),
                rng.normal(0, 0.1),
                5,
            )
        for place in points[2:-2:3]:
            side = rng.choice([-1, 1])
            painter.polygon(
                place + np.array([[0, -0.06], [0.13 * side, 0.0], [0, 0.06]]) * radius * 0.6, self.stem_shade * 0.6
            )


def _stretch(points, angle, along, across):
    axis = polar(angle, 1)
    share = points @ axis
    length = np.outer(share, axis)
    return length * along + (points - length) * across


class Sunflower(Species):
    """Pointed golden rays around a broad disc of dark florets."""

    stem_width = 0.13
    SHADES = palette(
        (6, "e89a00", "ffcf1c"),
        (4, "f0b010", "ffe14d"),
        (2, "f3d560", "fbf0a8"),
        (2, "8c3a10", "e8a020"),
        (1, "7a2412", "b2481c"),
    )

    def __init__(self, rng):
        super().__init__(rng)
        self.shades = choose(rng, self.SHADES)
        self.count = rng.integers(15, 30)
        self.disc = rng.uniform(0.34, 0.58)
        self.widths = outline(rng.uniform(0.45, 0.7), rng.uniform(0.5, 0.95))
        self.middle = choose(
            rng,
            palette((6, "3a2312", "6b3d14"), (3, "6d5a22", "4a2c12"), (2, "8d8a34", "7a4a16"), (1, "b08a2a", "c9921e")),
        )

    def head(self, rng, painter, frame, light):
        shades = self.variant(rng, self.shades)
        for layer in range(2):
            for i in rng.permutation(self.count):
                angle = 2 * np.pi * (i + layer / 2) / self.count + rng.normal(0, 0.07)
                tint = ray_light(angle, light) * (0.84 + 0.16 * layer) * rng.normal(1, 0.03)
                petal(
                    painter,
                    frame,
                    angle,
                    (1 - self.disc * 0.85) * rng.normal(1.0 - 0.06 * layer, 0.06),
                    rng.uniform(0.1, 0.15),
                    self.widths,
                    [shades[0] * tint, shades[1] * tint],
                    start=self.disc * 0.85,
                    bend=rng.normal(0, 0.07),
                    edge=0.32,
                )
        seed_disc(rng, painter, frame, self.disc, self.variant(rng, self.middle), 150)

    def foliage(self, rng, painter, points, radius):
        shade = green(rng)
        for _ in range(rng.integers(2, 6)):
            leaf(
                painter,
                points[rng.integers(2, len(points) - 3)],
                radius * rng.uniform(0.9, 1.7),
                rng.choice([0.35, 2.8]) + rng.normal(0, 0.45),
                0.38,
                jagged(rng, 0.4, 0.9, 5, 0.1),
                jitter(rng, shade),
                rng.normal(0, 0.12),
                5,
            )


class Tulip(Species):
    """A cup of six petals on a bare stalk, now and then wide open and seen from above."""

    stem_width = 0.16
    tilts = (0.65, 1.0)
    SHADES = palette(
        (22, "a80f1e", "e8323a"),
        (16, "e8a400", "fbd93a"),
        (16, "d0507e", "f7b3cb"),
        (11, "5a1a62", "9a4fae"),
        (10, "e8e6d8", "ffffff"),
        (10, "e2561a", "fb9a3e"),
        (9, "f2e2b4", "e4506a"),
        (6, "c81e2a", "f9d24a"),
    )

    def __init__(self, rng):
        super().__init__(rng)
        self.shades = choose(rng, self.SHADES)
        self.form = rng.choice(["cup", "star"], p=[0.82, 0.18])
        self.opening = rng.uniform(0.02, 0.34)
        self.width = rng.uniform(0.42, 0.58)
        self.widths = outline(rng.uniform(0.42, 0.62), rng.uniform(0.35, 0.7), 12)
        self.eye = choose(rng, [(2, colour("2a1c22")), (2, colour("e8c840")), (1, colour("f3efdc"))])

    def head(self, rng, painter, frame, light):
        shades = self.variant(rng, self.shades)
        if self.form == "star":
            self._star(rng, painter, frame, shades, light)
            return
        upright = Frame(frame.centre, frame.radius, lean=rng.normal(0, 0.16))
        opening = self.opening * rng.uniform(0.8, 1.2)
        # Back row, sides, front: later petals cover earlier ones.
        for offset, width, length, tint in (
            (-0.5, 0.8, 1.0, 0.7),
            (0.5, 0.8, 1.0, 0.7),
            (0, 0.9, 1.0, 0.76),
            (-1, 0.95, 0.98, 0.92),
            (1, 0.95, 0.98, 0.92),
            (0, 1.0, 0.92, 1.0),
        ):
            angle = np.pi / 2 - offset * (0.12 + opening) + rng.normal(0, 0.03)
            tint *= ray_light(angle, light)
            petal(
                painter,
                upright,
                angle,
                1.85 * length * rng.normal(1, 0.03),
                self.width * width,
                self.widths,
                [mix(shades[0], self.stem_shade, 0.15) * tint, shades[1] * tint],
                start=-0.92,
                vein=0.18,
                edge=0.4,
            )

    def _star(self, rng, painter, frame, shades, light):
        for i in (0, 2, 4, 1, 3, 5):
            angle = i * np.pi / 3 + rng.normal(0, 0.06)
            tint = ray_light(angle, light) * (1 if i % 2 else 0.86)
            petal(
                painter,
                frame,
                angle,
                rng.normal(0.98, 0.04),
                0.36,
                outline(0.6, 0.42),
                [shades[0] * tint, shades[1] * tint],
                edge=0.4,
            )
        painter.polygon(frame.map(polar(np.arange(12) * np.pi / 6, np.tile([0.34, 0.22], 6))), self.eye, 0.85)
        for angle in np.arange(6) * np.pi / 3 + 0.4:
            painter.line(
                frame.map(np.stack([polar(angle, 0.06), polar(angle, 0.24)])), 0.05 * frame.radius, colour("3a2a1c")
            )
        painter.disc(frame.centre, 0.08 * frame.radius, colour("c9c46a"))

    def foliage(self, rng, painter, points, radius):
        for _ in range(rng.integers(1, 4)):
            leaf(
                painter,
                points[rng.integers(0, 3)],
                radius * rng.uniform(2.0, 3.2),
                np.pi / 2 + rng.normal(0, 0.35),
                0.13,
                outline(0.35, 0.75, 12),
                mix(green(rng), colour("6a9a86"), 0.4),
                rng.normal(0, 0.15),
            )


SPECIES = {"daisy": Daisy, "dandelion": Dandelion, "roses": Rose, "sunflowers": Sunflower, "tulips": Tulip}
