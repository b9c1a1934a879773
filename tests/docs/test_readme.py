"""The README's example, in a new project: what the page takes for granted, then what it says."""

from __future__ import annotations

from .snippets import ROOT, Snippet, snippets
from .test_tutorial import Reader

README = ROOT / "README.md"

BEFORE = """
django-admin startproject mysite
cd mysite
python manage.py startapp pins
echo 'INSTALLED_APPS += ["pins"]' >> mysite/settings.py
cat > pins/models.py <<'END'
from django.conf import settings
from django.db import models

from django_feeds.activity import Activity
from django_feeds.verbs import Add


class Board(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name


class Pin(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    board = models.ForeignKey(Board, models.CASCADE)
    title = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.title

    def create_activity(self):
        return Activity(self.user_id, Add, self, self.board, self.created_at)
END
"""

MIGRATE = "python manage.py makemigrations --verbosity 0 pins\npython manage.py migrate --verbosity 0\n"


def test_the_example_works_as_it_stands(tmp_path):
    page = list(snippets(README))
    files = [snippet for snippet in page if snippet.path]
    typed = [snippet for snippet in page if snippet.language == "pycon"]
    assert [snippet.language for snippet in page[:2]] == ["shell", "shell"]
    assert len(files) == 4
    assert len(typed) == 2

    Reader(tmp_path).follow([shell(BEFORE), *files, shell(MIGRATE), *typed])


def shell(text: str) -> Snippet:
    return Snippet(README, 1, "shell", (), text)
