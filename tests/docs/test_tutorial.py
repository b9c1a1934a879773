"""The tutorial, followed to the letter in an empty folder: files written, commands run, answers compared."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

from .snippets import DOCS, ROOT, Snippet, snippets

TUTORIAL = DOCS / "tutorial" / "first-feed.md"

# What `python manage.py shell` does with the lines that a reader types, and what he should see.
SHELL = """
import doctest, sys, django
django.setup()
test = doctest.DocTestParser().get_doctest(sys.stdin.read(), {}, "shell", "first-feed.md", 0)
sys.exit(doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed > 0)
"""


class Reader:
    """Somebody who types what the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self.commands = folder / "bin"
        self.commands.mkdir()
        for name, arguments in {"python": "", "django-admin": "-m django"}.items():
            command = self.commands / name
            command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
            command.chmod(0o755)

    def follow(self, page: list[Snippet]) -> None:
        for language, group in groupby(page, lambda snippet: snippet.language):
            if language == "pycon":
                self.type(list(group))
                continue
            for snippet in group:
                if snippet.path:
                    self.write(snippet)
                elif language == "shell":
                    self.run(snippet)
                else:
                    pytest.fail(f"{snippet} is neither a file nor a command; name the file, or mark it no-test.")

    def write(self, snippet: Snippet) -> None:
        path = self.folder / snippet.path
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() + "\n\n" if snippet.at_end else ""
        path.write_text(before + snippet.text)

    def run(self, snippet: Snippet) -> None:
        script = f"set -e\n{snippet.text}\npwd > '{self.commands}/folder'"
        self._call(snippet, ["sh", "-c", script], "")
        self.folder = Path((self.commands / "folder").read_text().strip())

    def type(self, session: list[Snippet]) -> None:
        """Blocks with no file or command between them are one session."""
        text = "\n".join(snippet.text for snippet in session)
        self._call(session[0], [sys.executable, "-c", SHELL], text)

    def _call(self, snippet: Snippet, command: list[str], typed: str) -> None:
        ours = ("DJANGO_", "FEEDS_", "CELERY_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        environment |= {
            "PATH": f"{self.commands}{os.pathsep}{environment['PATH']}",
            "PYTHONPATH": f"{self.folder}{os.pathsep}{ROOT}",
            "DJANGO_SETTINGS_MODULE": "mysite.settings" if typed else "",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if not typed:
            del environment["DJANGO_SETTINGS_MODULE"]
        done = subprocess.run(
            command,
            input=typed,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        if done.returncode:
            pytest.fail(f"{snippet}:\n{snippet.text}\n{done.stdout}", pytrace=False)


def test_a_reader_who_follows_the_tutorial_gets_a_feed(tmp_path):
    reader = Reader(tmp_path)
    followed = [snippet for snippet in snippets(TUTORIAL) if snippet.tested]
    assert len(followed) > 10

    reader.follow(followed)
