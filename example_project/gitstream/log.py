"""Reading a checkout's history: the only place that runs git."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

# No path holds two slashes in a row, so this cannot be taken for a file's name.
START = "commit//"
FIELDS = ("%H", "%aN", "%aE", "%cI", "%s", "%b")
FORMAT = "%x00".join([START, *FIELDS]) + "%x00"


class GitError(Exception):
    """Git is missing, or will not read this path; the message says which."""


class LoggedCommit(NamedTuple):
    """What `git log` says of one commit."""

    sha: str
    name: str
    email: str
    time: datetime
    subject: str
    body: str
    files: list[str]

    def folders(self) -> list[str]:
        """The folders of its files and all those above them, up to the top, which is ""."""
        found = {""}
        for file in self.files:
            found.update(str(parent) for parent in PurePosixPath(file).parents if parent.name)
        return sorted(found)


def top_of(path: Path) -> Path:
    """The top folder of the checkout that `path` is in. Raises GitError."""
    return Path(_git(path, "rev-parse", "--show-toplevel").strip())


def first_commit(path: Path) -> str:
    """The hash of the commit that the history began with. Raises GitError where nothing was committed yet."""
    return _git(path, "rev-list", "--max-parents=0", "HEAD").split()[-1]


def hashes(path: Path) -> list[str]:
    """All commits but merges, newest first."""
    return _git(path, "rev-list", "--no-merges", "HEAD").split()


def read(path: Path, wanted: Sequence[str]) -> Iterator[LoggedCommit]:
    """These commits, with the files that they touched."""
    if not wanted:
        return
    options = ("--no-walk=unsorted", "--stdin", "-z", "--name-only", f"--format={FORMAT}")
    text = _git(path, "log", *options, stdin="\n".join(wanted))
    for part in text.split(f"{START}\0")[1:]:
        *fields, rest = part.split("\0", len(FIELDS))
        sha, name, email, time, subject, body = fields
        # Between what we asked for and the first file, git puts a line's end, and a NUL of its own before it.
        files = [file for file in rest.lstrip("\0").removeprefix("\n").split("\0") if file]
        yield LoggedCommit(sha, name, email, datetime.fromisoformat(_iso(time)), subject, body.strip(), files)


def _iso(time: str) -> str:
    """Python 3.10 does not read the "Z" that git writes for UTC."""
    return f"{time[:-1]}+00:00" if time.endswith("Z") else time


def _git(path: Path, *args: str, stdin: str | None = None) -> str:
    command = ["git", "-C", str(path), "-c", "core.quotepath=off", *args]
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, encoding="utf-8", errors="replace")
    except FileNotFoundError as error:
        raise GitError("Git is not installed, or not on the PATH.") from error
    if done.returncode:
        reason = done.stderr.strip().splitlines()
        raise GitError(f"Git cannot read the history of {path}: {reason[0] if reason else done.returncode}")
    return done.stdout
