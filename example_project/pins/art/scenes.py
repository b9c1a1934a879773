"""What the pictures show: one function for each category, painting on a canvas and using only the canvas's chance."""

from __future__ import annotations

from collections.abc import Callable

from .canvas import Canvas, mix, ridge, smooth

Scene = Callable[[Canvas], None]


def _sky(canvas: Canvas, *colours: str) -> None:
    canvas.rect(0, 0, canvas.width, canvas.height, canvas.gradient(*colours))


def peaks(canvas: Canvas) -> None:
    """Mountain ranges that fade into the distance behind a low sun."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    top, glow, far, near = rng.choice(
        [
            ("#f7c8a5", "#fdf0dc", "#d9a5a0", "#3d3a5c"),
            ("#9fc9e8", "#eef7fb", "#8fb3cc", "#1d3b53"),
            ("#413a75", "#f4a083", "#8d6a9f", "#1e1b3a"),
            ("#bfe0d4", "#fbf6e3", "#94bfae", "#1f4a45"),
            ("#fbe3d0", "#ffffff", "#c4b8cf", "#4a3b63"),
            ("#23395b", "#d98880", "#6b5b7b", "#141b2d"),
            ("#f6d186", "#fff8e7", "#b7c4a1", "#2f4a36"),
        ]
    )
    _sky(canvas, top, glow)
    canvas.circle(width * rng.uniform(0.2, 0.8), height * rng.uniform(0.2, 0.4), rng.uniform(26, 48), "#fff6e0")
    layers = rng.choice([4, 5])
    for n in range(layers):
        base = height * (0.55 + 0.42 * n / layers)
        line = ridge(rng, width, base, height * 0.26 * (1 - n / (layers + 2)), rng.choice([6, 7, 9]))
        canvas.polygon([(0, height), *line, (width, height)], mix(far, near, n / (layers - 1)))


def sea(canvas: Canvas) -> None:
    """Waves under an evening sun, with a sail or two."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    top, low, light, deep = rng.choice(
        [
            ("#ffb88a", "#ffe6c4", "#5aa7b0", "#174a63"),
            ("#8fd3e8", "#f3fbf7", "#54b5c9", "#10506e"),
            ("#2b3a67", "#e58f7b", "#46629e", "#141d3c"),
            ("#f7d9c4", "#fdf4ea", "#8cc0b5", "#2b6165"),
            ("#d8a7c7", "#fbe4d5", "#7f7fb5", "#2c2b5a"),
            ("#f4f1e8", "#fefdf9", "#89b6c4", "#32596b"),
        ]
    )
    horizon = height * rng.uniform(0.38, 0.52)
    _sky(canvas, top, low)
    canvas.circle(width * rng.uniform(0.25, 0.75), horizon - rng.uniform(-8, 40), rng.uniform(34, 58), "#fff3d6")
    canvas.rect(0, horizon, width, height - horizon, canvas.gradient(light, deep))
    for _ in range(rng.choice([1, 2])):
        x, size = width * rng.uniform(0.15, 0.8), rng.uniform(22, 44)
        canvas.polygon([(x, horizon + 4), (x, horizon - size), (x + size * 0.6, horizon)], "#fffaf0")
        canvas.path(f"M{x - 8:.0f} {horizon + 3:.0f}h{size * 0.8:.0f}l-6 9h-{size * 0.5:.0f}z", deep)
    for n in range(5):
        base = horizon + (height - horizon) * (0.2 + n * 0.18)
        line = [(x, y) for x, y in ridge(rng, width, base, 20, 8)]
        canvas.path(smooth(line, height), mix(light, deep, 0.25 + n * 0.18), opacity=0.7)


def forest(canvas: Canvas) -> None:
    """Rows of firs in the mist."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    air, far, near = rng.choice(
        [
            ("#e6efe6", "#a9c5b4", "#17382e"),
            ("#f5e8d3", "#d3b58d", "#4a3324"),
            ("#dbe7f0", "#9db8cb", "#15303f"),
            ("#fbe0d0", "#c9a0a6", "#3d2340"),
            ("#f2eecb", "#b5bf6e", "#2b4420"),
        ]
    )
    _sky(canvas, air, mix(air, far, 0.4))
    canvas.circle(width * rng.uniform(0.2, 0.8), height * 0.24, rng.uniform(24, 40), "#ffffff", opacity=0.75)
    for row in range(4):
        colour, size = mix(far, near, row / 3), 60 + row * 34
        base = height * (0.56 + row * 0.15)
        canvas.path(smooth(ridge(rng, width, base, 18, 5), height), colour)
        for _ in range(11 - row * 2):
            x, tall = width * rng.random(), size * rng.uniform(0.7, 1.2)
            for tier in range(3):
                half, foot = tall * (0.13 + 0.06 * tier), base - tall * (0.56 - 0.26 * tier)
                canvas.polygon([(x - half, foot), (x, foot - tall * 0.44), (x + half, foot)], colour)


def city(canvas: Canvas) -> None:
    """A skyline by night, with lights in the windows."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    top, low, wall, lamp = rng.choice(
        [
            ("#1b1f4b", "#e87a72", "#141433", "#ffd98a"),
            ("#0f2a43", "#5fa8a8", "#0b1c2c", "#ffe9a8"),
            ("#4b2a63", "#ffb199", "#23133a", "#ffe0b0"),
            ("#8ec5d6", "#fbe9d7", "#34495e", "#fff2c4"),
            ("#2d1b36", "#c94f5d", "#1b0f22", "#ffc971"),
        ]
    )
    _sky(canvas, top, low)
    canvas.circle(width * rng.uniform(0.15, 0.85), height * 0.2, rng.uniform(20, 34), "#fff4d8")
    for row in range(2):
        x, colour = -10.0, mix(low, wall, 0.55 + row * 0.45)
        while x < width:
            wide, tall = rng.uniform(34, 70), height * rng.uniform(0.22, 0.62 - row * 0.16)
            canvas.rect(x, height - tall, wide, tall, colour)
            if row:
                _windows(canvas, x, height - tall, wide, tall, lamp)
            x += wide + rng.choice([-4, 0, 6])


def _windows(canvas: Canvas, x: float, y: float, wide: float, tall: float, lamp: str) -> None:
    for column in range(int(wide // 15)):
        for floor in range(min(int(tall // 20), 7)):
            if canvas.rng.random() < 0.45:
                canvas.rect(x + 7 + column * 14, y + 10 + floor * 20, 7, 10, lamp, opacity=0.85)


def desert(canvas: Canvas) -> None:
    """Dunes, a large sun and a few cacti."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    top, low, sun, light, dark = rng.choice(
        [
            ("#fbe3c0", "#f9c58d", "#f2784b", "#eaa45e", "#8e3b2e"),
            ("#f6d6d0", "#f3a6a0", "#fff0d0", "#d97a6c", "#5c2740"),
            ("#cfe8ea", "#fbeccb", "#f6b042", "#e3b778", "#7a5230"),
            ("#3b2c5a", "#d9776c", "#ffd9a0", "#a5596b", "#2a1a3a"),
            ("#fdf1dc", "#fbd9a5", "#e9a23b", "#d9c2a0", "#6b6a5a"),
        ]
    )
    _sky(canvas, top, low)
    canvas.circle(width * rng.uniform(0.25, 0.75), height * rng.uniform(0.28, 0.42), rng.uniform(46, 74), sun)
    for n in range(4):
        line = ridge(rng, width, height * (0.62 + n * 0.13), height * 0.14, 3)
        canvas.path(smooth(line, height), mix(light, dark, n / 3))
        if n == 1:
            for _ in range(rng.choice([1, 2, 3])):
                _cactus(canvas, width * rng.uniform(0.08, 0.9), height * 0.72, rng.uniform(36, 70), dark)


def _cactus(canvas: Canvas, x: float, y: float, tall: float, colour: str) -> None:
    arms = f"M{x:.0f} {y:.0f}v-{tall:.0f}M{x:.0f} {y - tall * 0.35:.0f}h-{tall * 0.22:.0f}v-{tall * 0.28:.0f}"
    arms += f"M{x:.0f} {y - tall * 0.5:.0f}h{tall * 0.22:.0f}v-{tall * 0.25:.0f}"
    canvas.path(arms, "none", stroke=colour, stroke_width=9, stroke_linecap="round", stroke_linejoin="round")


def space(canvas: Canvas) -> None:
    """A ringed planet, its moons and the stars."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    night, dusk, light, dark = rng.choice(
        [
            ("#0d1030", "#3a2a6a", "#ffb37a", "#b2456e"),
            ("#061a2b", "#0f4c5c", "#f5e3a1", "#d9835b"),
            ("#140f2d", "#5b2a86", "#9be7df", "#2a7f9e"),
            ("#1d0b14", "#6b1f3a", "#ffd6a5", "#e05a47"),
            ("#0b1220", "#27496d", "#cfe8ff", "#5b7fb5"),
        ]
    )
    _sky(canvas, night, dusk)
    for _ in range(70):
        canvas.circle(width * rng.random(), height * rng.random(), rng.choice([0.8, 1.2, 2.0]), "#ffffff",
                      opacity=rng.choice([0.5, 0.7, 0.9]))  # fmt: skip
    x, y, size = width * rng.uniform(0.35, 0.65), height * rng.uniform(0.38, 0.6), rng.uniform(62, 96)
    tilt = f"rotate({rng.randint(-32, 32)} {x:.0f} {y:.0f})"
    ring = {"cx": x, "cy": y, "rx": size * 1.7, "ry": size * 0.34, "fill": "none", "stroke": light, "transform": tilt}
    canvas.add("ellipse", **ring, stroke_width=9, opacity=0.75)
    canvas.circle(x, y, size, canvas.gradient(light, dark))
    front = f"M{x - size * 1.7:.0f} {y:.0f}A{size * 1.7:.0f} {size * 0.34:.0f} 0 0 0 {x + size * 1.7:.0f} {y:.0f}"
    canvas.path(front, "none", stroke=light, stroke_width=9, transform=tilt)
    for _ in range(rng.choice([1, 2, 3])):
        canvas.circle(width * rng.random(), height * rng.uniform(0.08, 0.92), rng.uniform(7, 18), mix(light, dark, 0.4))


def garden(canvas: Canvas) -> None:
    """Flowers on long stems."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    paper, stem, petals = rng.choice(
        [
            ("#fbf3e4", "#44694f", ["#e4572e", "#f3a712", "#d16b86", "#8c4a8f"]),
            ("#e4efe7", "#2f5d50", ["#ffffff", "#f2b5d4", "#f7d6a3", "#b794c9"]),
            ("#213b3b", "#7fb28d", ["#ffcf56", "#ff8c61", "#f4f1de", "#e07a9b"]),
            ("#fde2e2", "#6a7f52", ["#c8553d", "#f28f3b", "#ffffff", "#a23b72"]),
            ("#dceaf5", "#3f6f6b", ["#3d5a98", "#8d6bb8", "#f4d35e", "#ffffff"]),
            ("#f3d9b1", "#5a5f2c", ["#9c2c2c", "#d95d39", "#f7f0e0", "#7b2d43"]),
        ]
    )
    _sky(canvas, paper, mix(paper, stem, 0.14))
    for n in range(7):
        x, y = width * (0.1 + 0.133 * n), height * rng.uniform(0.18, 0.62)
        bend = x + rng.uniform(-26, 26)
        canvas.path(f"M{bend:.0f} {height}Q{bend:.0f} {height * 0.7:.0f} {x:.0f} {y:.0f}", "none",
                    stroke=stem, stroke_width=4)  # fmt: skip
        for side in (-1, 1):
            leaf = height * rng.uniform(0.7, 0.9)
            canvas.path(f"M{bend:.0f} {leaf:.0f}q{side * 24} -32 {side * 42} -26q{-side * 6} 26 {-side * 42} 26z", stem)
        _bloom(canvas, x, y, rng.uniform(20, 36), rng.choice(petals), rng.choice([5, 6, 8]))


def _bloom(canvas: Canvas, x: float, y: float, size: float, colour: str, petals: int) -> None:
    for n in range(petals):
        turn = f"rotate({round(360 * n / petals)} {x:.0f} {y:.0f})"
        canvas.add("ellipse", cx=x, cy=y - size * 0.62, rx=size * 0.34, ry=size * 0.62, fill=colour, transform=turn)
    canvas.circle(x, y, size * 0.3, mix(colour, "#5a3210", 0.65))


def pattern(canvas: Canvas) -> None:
    """Tiles of quarter circles, half circles and squares."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    paper, *inks = rng.choice(
        [
            ("#f4ead7", "#22577a", "#e4572e", "#f3a712", "#2e4057"),
            ("#f0efe9", "#c44536", "#283d3b", "#197278", "#edb88b"),
            ("#fdf0f0", "#5b2a86", "#e56399", "#f9b17a", "#2d3a6b"),
            ("#e8eddf", "#333533", "#f5cb5c", "#5a8f7b", "#b23a48"),
            ("#e3f0f5", "#1d4e89", "#00798c", "#f4b942", "#d1495b"),
            ("#faf3ec", "#6b705c", "#cb997e", "#ddbea9", "#3f4238"),
        ]
    )
    canvas.rect(0, 0, width, height, paper)
    side = rng.choice([80, 100])
    for y in range(0, height, side):
        for x in range(0, width, side):
            _tile(canvas, x, y, side, rng.sample([*inks, paper], 2))


def _tile(canvas: Canvas, x: int, y: int, side: int, colours: list[str]) -> None:
    back, front = colours
    half, kind = side / 2, canvas.rng.randrange(5)
    turn = f"rotate({canvas.rng.choice([0, 90, 180, 270])} {x + half:.0f} {y + half:.0f})"
    canvas.rect(x, y, side, side, back)
    if kind == 0:
        canvas.circle(x + half, y + half, half * 0.72, front)
    elif kind == 1:
        canvas.path(f"M{x} {y}h{side}a{side} {side} 0 0 1 -{side} {side}z", front, transform=turn)
    elif kind == 2:
        canvas.path(f"M{x} {y}h{side}l-{side} {side}z", front, transform=turn)
    elif kind == 3:
        canvas.path(f"M{x} {y}h{side}a{half:.0f} {half:.0f} 0 0 1 -{side} 0z", front, transform=turn)
    else:
        for n in range(3):
            canvas.rect(x, y + side * n / 3, side, side / 6, front, transform=turn)


def pottery(canvas: Canvas) -> None:
    """Vases on a shelf."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    wall, shelf, clays = rng.choice(
        [
            ("#efe3d3", "#b08968", ["#7f5539", "#d4a373", "#5f6f65", "#f5f0e8", "#bc6c4b"]),
            ("#d8e2dc", "#7d6b5d", ["#335c67", "#e09f3e", "#9e2a2b", "#fff3e0", "#6b9080"]),
            ("#35343f", "#8d6e58", ["#e6ccb2", "#b5838d", "#6d6875", "#ffcdb2", "#84a59d"]),
            ("#f7e1d7", "#a98467", ["#4a5759", "#dd8e75", "#b0c4b1", "#edafb8", "#6d4c41"]),
            ("#e7ecef", "#8b8c89", ["#274c77", "#6096ba", "#f4f1ea", "#c9ada7", "#22223b"]),
        ]
    )
    _sky(canvas, wall, mix(wall, shelf, 0.22))
    floor = height * 0.8
    canvas.rect(0, floor, width, height - floor, canvas.gradient(shelf, mix(shelf, "#000000", 0.25)))
    for n in range(3):
        x = width * (0.22 + 0.28 * n) + rng.uniform(-12, 12)
        _vase(canvas, x, floor + rng.uniform(6, 24), height * rng.uniform(0.28, 0.56), clays[n], clays[-1 - n])


def _vase(canvas: Canvas, x: float, foot: float, tall: float, clay: str, glaze: str) -> None:
    rng = canvas.rng
    belly, base = tall * rng.uniform(0.2, 0.3), rng.uniform(14, 22)
    neck = belly * rng.uniform(0.3, 0.55)
    top, throat = foot - tall, foot - tall * rng.uniform(0.72, 0.86)
    canvas.add("ellipse", cx=x, cy=foot, rx=belly, ry=7, fill="#000000", opacity=0.18)
    out, lip = belly * 1.35, neck + 5
    right = f"C{x + out:.0f} {foot:.0f} {x + out:.0f} {throat:.0f} {x + neck:.0f} {throat:.0f}"
    mouth = f"Q{x + neck:.0f} {top + 6:.0f} {x + lip:.0f} {top:.0f}H{x - lip:.0f}"
    left = f"Q{x - neck:.0f} {top + 6:.0f} {x - neck:.0f} {throat:.0f}"
    left += f"C{x - out:.0f} {throat:.0f} {x - out:.0f} {foot:.0f} {x - base:.0f} {foot:.0f}"
    canvas.path(f"M{x - base:.0f} {foot:.0f}H{x + base:.0f}{right}{mouth}{left}Z", clay)
    canvas.add("ellipse", cx=x, cy=top, rx=lip, ry=4.5, fill=mix(clay, "#000000", 0.4))
    for n in range(rng.choice([1, 2, 3])):
        y = foot - tall * (0.3 + n * 0.09)
        canvas.add("ellipse", cx=x, cy=y, rx=belly * 0.62, ry=3, fill=glaze, opacity=0.85)


def arches(canvas: Canvas) -> None:
    """Sunlit arches and a flight of steps."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    sky, wall, shade, floor = rng.choice(
        [
            ("#7cc6d6", "#f6d8b8", "#d98f6c", "#b5654a"),
            ("#f9c9b6", "#f5efe6", "#c9a79c", "#85604f"),
            ("#2f4b7c", "#e7b7a3", "#a05d6b", "#4e2a44"),
            ("#a9d6e5", "#fefae0", "#d4a373", "#9c6644"),
            ("#f4a261", "#fdf0d5", "#669bbc", "#003049"),
            ("#cdb4db", "#fde2e4", "#b56576", "#6d597a"),
        ]
    )
    canvas.rect(0, 0, width, height, canvas.gradient(wall, mix(wall, shade, 0.3)))
    ground, wide = height * 0.78, rng.choice([104, 128])
    for n in range(int(width // wide) + 1):
        x, half = n * wide + 22, (wide - 36) / 2
        top = ground - height * 0.42
        hole = f"M{x} {ground:.0f}V{top:.0f}a{half:.0f} {half:.0f} 0 0 1 {2 * half:.0f} 0V{ground:.0f}z"
        canvas.path(hole, canvas.gradient(sky, mix(sky, "#ffffff", 0.6)))
        canvas.path(f"M{x} {ground:.0f}V{top:.0f}a{half:.0f} {half:.0f} 0 0 1 {half:.0f} -{half:.0f}"
                    f"q-{half * 0.7:.0f} 10 -{half * 0.7:.0f} {half:.0f}V{ground:.0f}z", shade)  # fmt: skip
    canvas.circle(width * rng.uniform(0.1, 0.9), height * 0.13, rng.uniform(16, 28), "#fff4da")
    for step in range(4):
        canvas.rect(0, ground + step * (height - ground) / 4, width, height, mix(shade, floor, step / 3))
