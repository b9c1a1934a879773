"""Pictures drawn from a number: no image files, no image library, and the same picture on every machine."""

from __future__ import annotations

from xml.sax.saxutils import escape

from . import scenes
from .canvas import WIDTH, Canvas

# The heights are few and fixed, so that a style sheet can lay out a wall of pictures without a script.
HEIGHTS = {"wide": 300, "square": 400, "tall": 500, "taller": 600}
SCENES: dict[str, scenes.Scene] = {
    "peaks": scenes.peaks,
    "sea": scenes.sea,
    "forest": scenes.forest,
    "city": scenes.city,
    "desert": scenes.desert,
    "space": scenes.space,
    "garden": scenes.garden,
    "pattern": scenes.pattern,
    "pottery": scenes.pottery,
    "arches": scenes.arches,
}
AVATARS = ["#9d4333", "#2f5d62", "#5b3a82", "#8a3a63", "#2b5a8a", "#3f6212", "#7a4a12", "#334155", "#a1315b", "#155e63"]


def shape(seed: int) -> str:
    """Return the name of the height that a picture with this seed has."""
    return list(HEIGHTS)[seed % len(HEIGHTS)]


def size(seed: int) -> tuple[int, int]:
    """Return width and height in pixels."""
    return WIDTH, HEIGHTS[shape(seed)]


def draw(category: str, seed: int, title: str = "") -> str:
    """Return the SVG document for a seed; a category that nobody paints becomes a pattern."""
    canvas = Canvas(seed, HEIGHTS[shape(seed)], title)
    SCENES.get(category, scenes.pattern)(canvas)
    return canvas.svg()


def avatar(number: int, name: str) -> str:
    """Return a coloured square with the initials of `name`; `number` chooses the colour."""
    initials = "".join(word[0] for word in name.split()[:2]).upper() or "?"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80" width="80" height="80" role="img">'
        f'<title>{escape(name)}</title><rect width="80" height="80" fill="{AVATARS[number % len(AVATARS)]}"/>'
        '<text x="40" y="41" fill="#fff" font-family="system-ui,sans-serif" font-size="32" font-weight="600"'
        f' text-anchor="middle" dominant-baseline="central">{escape(initials)}</text></svg>'
    )
