"""Repositories, their folders, and their commits. A commit's author is a user; folders can be followed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

LONGEST_PATH = 255


class Repository(models.Model):
    """A checkout that was imported, known by the commit it began with, so that it may move."""

    name = models.CharField(_("name"), max_length=200)
    root_sha = models.CharField(_("first commit"), max_length=64, unique=True)
    imported_at = models.DateTimeField(_("imported"), auto_now=True)

    class Meta:
        verbose_name = _("repository")
        verbose_name_plural = _("repositories")
        ordering = ["-imported_at"]

    def __str__(self) -> str:
        return self.name


class Folder(models.Model):
    """A folder that commits touched, directly or further down. The top of the checkout has the path ""."""

    repository = models.ForeignKey(Repository, models.CASCADE, related_name="folders", verbose_name=_("repository"))
    path = models.CharField(_("path"), max_length=LONGEST_PATH)

    class Meta:
        verbose_name = _("folder")
        verbose_name_plural = _("folders")
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["repository", "path"], name="gitstream_folder_once")]

    def __str__(self) -> str:
        return f"{self.path}/" if self.path else self.repository.name

    def get_absolute_url(self) -> str:
        return reverse("git_folder", args=[self.pk])


class Commit(models.Model):
    """One commit, as `git log` tells it."""

    repository = models.ForeignKey(Repository, models.CASCADE, related_name="commits", verbose_name=_("repository"))
    sha = models.CharField(_("hash"), max_length=64)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="commits", verbose_name=_("author")
    )
    subject = models.CharField(_("subject"), max_length=255)
    body = models.TextField(_("text"), blank=True)
    committed_at = models.DateTimeField(_("committed"))
    folders = models.ManyToManyField(Folder, related_name="commits", verbose_name=_("folders"))

    class Meta:
        verbose_name = _("commit")
        verbose_name_plural = _("commits")
        constraints = [models.UniqueConstraint(fields=["repository", "sha"], name="gitstream_commit_once")]

    def __str__(self) -> str:
        return self.subject

    @property
    def short_sha(self) -> str:
        return self.sha[:8]

    def named_folders(self) -> list[Folder]:
        """The folders that it touched itself: neither the top nor those that only lie on the way."""
        paths = [folder.path for folder in self.folders.all()]
        return [
            folder
            for folder in self.folders.all()
            if folder.path and not any(path.startswith(f"{folder.path}/") for path in paths)
        ]
