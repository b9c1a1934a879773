"""The one folder where a test run keeps its databases, sockets and logs."""

import atexit
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

VARIABLE = "FEEDS_TEST_FOLDER"


def folder() -> Path:
    """The run's folder: made once, found by child processes through the environment, removed at the end."""
    if VARIABLE not in os.environ:
        path = tempfile.mkdtemp(prefix="feeds-", dir=_short_parent())
        # PostgreSQL and its socket belong to another user when root runs the tests.
        os.chmod(path, 0o755)
        os.environ[VARIABLE] = path
        atexit.register(partial(_remove, path, os.getpid()))
    return Path(os.environ[VARIABLE])


def _short_parent() -> str | None:
    """A socket's path has about 100 characters, and some systems' temporary folders take most of them."""
    return "/tmp" if os.path.isdir("/tmp") else None


def _remove(path: str, maker: int) -> None:
    if os.getpid() == maker:
        shutil.rmtree(path, ignore_errors=True)
