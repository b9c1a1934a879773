"""From logged commits to rows: authors become users, and folders can be followed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.text import slugify

from django_feeds.registry import get_manager

from .log import LoggedCommit
from .models import LONGEST_PATH, Commit, Folder, Repository


class Importer:
    """Writes commits of one repository, and publishes them."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.authors: dict[str, Any] = {}
        self.folders = {folder.path: folder for folder in repository.folders.all()}

    def known(self) -> set[str]:
        """The hashes that are there already."""
        return set(self.repository.commits.values_list("sha", flat=True))

    def write(self, logged: Iterable[LoggedCommit]) -> int:
        """Write these commits, none of which may be known, and bring them to the feeds; returns how many."""
        with transaction.atomic():
            pairs = [(self._commit(entry), self._folders(entry)) for entry in logged]
            Commit.objects.bulk_create([commit for commit, _folders in pairs])
            link = Commit.folders.through
            link.objects.bulk_create(
                link(commit_id=commit.pk, folder_id=folder.pk) for commit, folders in pairs for folder in folders
            )
        rows = Commit.objects.filter(pk__in=[commit.pk for commit, _folders in pairs])
        get_manager().publish_many(rows.prefetch_related("folders"))
        return len(pairs)

    def _commit(self, entry: LoggedCommit) -> Commit:
        return Commit(
            repository=self.repository,
            sha=entry.sha,
            author=self._author(entry.name, entry.email),
            subject=_clean(entry.subject)[:255] or entry.sha,
            body=_clean(entry.body),
            committed_at=entry.time,
        )

    def _folders(self, entry: LoggedCommit) -> list[Folder]:
        paths = [path for path in entry.folders() if len(path) <= LONGEST_PATH]
        for path in paths:
            if path not in self.folders:
                self.folders[path] = Folder.objects.create(repository=self.repository, path=path)
        return [self.folders[path] for path in paths]

    def _author(self, name: str, email: str) -> Any:
        """The user with this address, made where there is none. Nobody can sign in as one that was made here."""
        key = email.lower()
        if key not in self.authors:
            found = get_user_model().objects.filter(email__iexact=email).order_by("pk").first() if email else None
            self.authors[key] = found or self._new_author(name, email)
        return self.authors[key]

    def _new_author(self, name: str, email: str) -> Any:
        User = get_user_model()
        plain = slugify(name).replace("-", ".") or slugify(email.partition("@")[0]) or "somebody"
        username, number = plain[:140], 1
        while User.objects.filter(username=username).exists():
            number += 1
            username = f"{plain[:140]}{number}"
        first, _space, last = _clean(name).partition(" ")
        user = User(username=username, email=email[:254], first_name=first[:150], last_name=last[:150])
        user.set_unusable_password()
        user.save()
        return user


def _clean(text: str) -> str:
    """Text that every database takes."""
    return text.replace("\0", "").strip()
