"""Pictures that a run leaves behind."""

import os
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


def save_screenshot(page: Any, name: str, full_page: bool = False) -> Path:
    """`<FEEDS_ARTIFACTS or build/screenshots>/<name>.png`, for people to look at."""
    folder = Path(os.environ.get("FEEDS_ARTIFACTS") or ROOT / "build" / "screenshots")
    path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name).strip('-')}.png"
    page.screenshot(path=path, full_page=full_page, animations="disabled")
    return path


def save_for_docs(page: Any, name: str) -> Path:
    """
    `docs/_static/<name>.png`, which README and docs show.

    It is committed, so a run only writes it where it is missing, or where FEEDS_UPDATE_DOCS=1 is set.
    """
    path = ROOT / "docs" / "_static" / f"{name}.png"
    if not path.exists() or os.environ.get("FEEDS_UPDATE_DOCS"):
        page.screenshot(path=path, animations="disabled")
    return path
