"""The stream of a repository is the own feed of its top folder; each folder below has one too."""

from __future__ import annotations

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from django_feeds.models import Follow

from .models import Folder


@require_safe
def stream(request: HttpRequest) -> HttpResponse:
    """The repository that was imported last."""
    top = Folder.objects.filter(path="").select_related("repository").order_by("-repository__imported_at").first()
    return _page(request, top) if top else render(request, "gitstream/empty.html")


@require_safe
def folder(request: HttpRequest, pk: int) -> HttpResponse:
    """What was committed in one folder and below it."""
    return _page(request, get_object_or_404(Folder.objects.select_related("repository"), pk=pk))


def _page(request: HttpRequest, folder: Folder) -> HttpResponse:
    tops = list(Folder.objects.filter(path="").select_related("repository").order_by("-repository__imported_at"))
    context = {
        "folder": folder,
        "top": next((top for top in tops if top.repository_id == folder.repository_id), folder),
        "others": [top for top in tops if top.repository_id != folder.repository_id],
        "followers": Follow.objects.followers(folder).count(),
        "number": folder.commits.count(),
        "busiest": _busiest(folder),
    }
    return render(request, "gitstream/stream.html", context)


def _busiest(folder: Folder) -> list[Folder]:
    """The folders below this one that were touched most."""
    below = folder.repository.folders.exclude(path="")
    if folder.path:
        below = below.filter(path__startswith=f"{folder.path}/")
    return list(below.annotate(number=Count("commits")).order_by("-number", "path")[:12])
