"""A canvas that collects SVG elements. Everything drawn on it is decided by one seed, so a picture never changes."""

from __future__ import annotations

import random
from xml.sax.saxutils import escape, quoteattr

WIDTH = 400


class Canvas:
    """An SVG picture, 400 wide, in the making. `rng` is the only source of chance a scene may use."""

    def __init__(self, seed: int, height: int, title: str) -> None:
        self.rng = random.Random(seed)
        self.width, self.height, self.title = WIDTH, height, title
        self._defs: list[str] = []
        self._body: list[str] = []

    def gradient(self, *colours: str, radial: bool = False) -> str:
        """Define a gradient through `colours` and return the paint that names it."""
        name = f"g{len(self._defs)}"
        last = max(len(colours) - 1, 1)
        stops = "".join(
            f'<stop offset="{round(100 * n / last)}%" stop-color="{colour}"/>' for n, colour in enumerate(colours)
        )
        kind, direction = ("radialGradient", "") if radial else ("linearGradient", ' x2="0" y2="1"')
        self._defs.append(f'<{kind} id="{name}"{direction}>{stops}</{kind}>')
        return f"url(#{name})"

    def rect(self, x: float, y: float, width: float, height: float, fill: str, **more: object) -> None:
        self.add("rect", x=x, y=y, width=width, height=height, fill=fill, **more)

    def circle(self, x: float, y: float, radius: float, fill: str, **more: object) -> None:
        self.add("circle", cx=x, cy=y, r=radius, fill=fill, **more)

    def polygon(self, points: list[tuple[float, float]], fill: str, **more: object) -> None:
        self.add("polygon", points=" ".join(f"{_short(x)},{_short(y)}" for x, y in points), fill=fill, **more)

    def path(self, d: str, fill: str, **more: object) -> None:
        self.add("path", d=d, fill=fill, **more)

    def add(self, tag: str, **attributes: object) -> None:
        """Append an element; `stroke_width=2` becomes `stroke-width="2"`."""
        text = "".join(f" {name.replace('_', '-')}={quoteattr(_short(value))}" for name, value in attributes.items())
        self._body.append(f"<{tag}{text}/>")

    def svg(self) -> str:
        """Return the finished document."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}"'
            f' width="{self.width}" height="{self.height}" role="img">'
            f"<title>{escape(self.title)}</title><defs>{''.join(self._defs)}</defs>{''.join(self._body)}</svg>"
        )


def ridge(rng: random.Random, width: float, base: float, height: float, steps: int) -> list[tuple[float, float]]:
    """Return the points of a jagged line from left to right that wanders at most `height` above `base`."""
    points = [(width * n / steps, base - height * rng.random()) for n in range(steps + 1)]
    return [(round(x, 1), round(y, 1)) for x, y in points]


def smooth(points: list[tuple[float, float]], bottom: float) -> str:
    """Return a path through `points` with rounded corners, closed along `bottom`."""
    (x, y), *rest = points
    parts = [f"M{_short(x)} {_short(y)}"]
    for next_x, next_y in rest:
        middle = (x + next_x) / 2
        parts.append(
            f"C{_short(middle)} {_short(y)} {_short(middle)} {_short(next_y)} {_short(next_x)} {_short(next_y)}"
        )
        x, y = next_x, next_y
    return f"{''.join(parts)}V{_short(bottom)}H{_short(points[0][0])}Z"


def mix(first: str, second: str, share: float) -> str:
    """Return the hex colour `share` (0 to 1) of the way from `first` to `second`."""
    ends = [(int(first[n : n + 2], 16), int(second[n : n + 2], 16)) for n in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in ends)


def _short(value: object) -> str:
    """Write numbers with at most one decimal: it halves the document and nobody sees the difference."""
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value)
