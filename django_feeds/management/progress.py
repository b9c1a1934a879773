"""How far a command is: on the terminal, and in the database for the run that goes on after a kill."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import blake2b
from types import TracebackType
from typing import Any

from django.core.management.base import OutputWrapper
from django.db import reset_queries
from django.utils import timezone
from tqdm import tqdm

from ..models import CommandProgress

__all__ = ["Bar", "Checkpoint"]

PATIENCE = 2.0
"""Seconds before a bar is shown: what is quicker needs none."""


class Bar:
    """A tqdm bar on stderr, for a terminal or where it is `wanted`; never where the command is to be `quiet`."""

    def __init__(
        self, stderr: OutputWrapper, what: str, total: int | None, initial: int, *, wanted: bool, quiet: bool
    ) -> None:
        shown = wanted or (stderr.isatty() and not quiet)
        self.tqdm = tqdm(
            desc=what,
            total=total,
            initial=initial,
            file=getattr(stderr, "_out", stderr),
            disable=not shown,
            delay=0 if wanted else PATIENCE,
            unit="",
            unit_scale=True,
            leave=wanted,
        )

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.tqdm.close()

    def advance(self, done: int) -> None:
        self.tqdm.update(done)
        reset_queries()  # under DEBUG Django remembers 9,000 of them, with the rows of each


class Checkpoint:
    """
    The place where a command is, kept after each batch, so that a run that was killed goes on there.

    Runs with the same command and `options` are one job; `finish` forgets it. Without `keep` nothing is stored.
    """

    def __init__(self, command: str, options: dict[str, Any], *, restart: bool = False, keep: bool = True) -> None:
        digest = blake2b(json.dumps(options, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()
        name = f"{command}:{digest}"
        self.keep, self.is_new = keep, True
        self.row = CommandProgress(name=name, started_at=timezone.now())
        if restart and keep:
            CommandProgress.objects.filter(name=name).delete()
        if keep:
            defaults = {"started_at": self.row.started_at}
            self.row, self.is_new = CommandProgress.objects.get_or_create(name=name, defaults=defaults)

    @property
    def started_at(self) -> datetime:
        """When the job was first begun."""
        return self.row.started_at

    @property
    def place(self) -> dict[str, Any]:
        """Whatever the command keeps, as JSON."""
        return self.row.place

    def save(self) -> None:
        if self.keep:
            self.row.save(update_fields=["place", "updated_at"])

    def finish(self) -> None:
        if self.keep:
            self.row.delete()
