"""The Lua scripts: what Redis does in one call, for many keys, with nobody in between."""

from __future__ import annotations

from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import NamedTuple

__all__ = ["Script", "script"]

FOLDER = Path(__file__).parent / "lua"


class Script(NamedTuple):
    source: bytes
    sha: str
    """Redis keeps a script under its SHA-1 until it is restarted or told to forget."""


@cache
def script(name: str) -> Script:
    """The script of this name, with what scripts about timelines have in common in front."""
    source = b"\n".join((FOLDER / f"{part}.lua").read_bytes() for part in ("timeline", name))
    return Script(source, sha1(source, usedforsecurity=False).hexdigest())
