"""
The fenced blocks of a page.

A first line such as `# pins/models.py` or `{# pins/templates/home.html #}` names the file that the block is; with
`, at the end` behind the name, the block is added to it. The word `no-test` behind the language says that a block is
not run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])

FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^`\n]*)\n(?P<text>.*?)^(?P=ticks)[ ]*$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^(?:#|\{#) ?(?P<path>[\w./-]+\.(?:py|html|toml))(?P<end>, at the end)?(?: ?#\})?\n")


@dataclass(frozen=True)
class Snippet:
    page: Path
    line: int
    language: str
    words: tuple[str, ...]
    """What stands behind the language."""
    text: str

    @property
    def tested(self) -> bool:
        return "no-test" not in self.words

    @property
    def path(self) -> str:
        """The file that it is or adds to; "" where it is none."""
        named = FILE.match(self.text)
        return named["path"] if named else ""

    @property
    def at_end(self) -> bool:
        named = FILE.match(self.text)
        return bool(named and named["end"])

    @property
    def padded(self) -> str:
        """The text at its own line numbers, so that a traceback points into the page."""
        return "\n" * self.line + self.text

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def snippets(page: Path) -> Iterator[Snippet]:
    text = page.read_text()
    for block in FENCE.finditer(text):
        language, *words = block["info"].split() or [""]
        yield Snippet(page, text.count("\n", 0, block.start()) + 1, language, tuple(words), block["text"])


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))
