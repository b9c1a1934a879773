"""The README's example, in a new project: what the page takes for granted, then what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis

from tests import servers

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


@pytest.fixture
def own_address():
    """Of a database that no other test uses, in the place of the one that the page names."""
    address = servers.broker().database_url(3)
    with redis.Redis.from_url(address) as client:
        client.flushdb()
    return address


@pytest.mark.needs(servers.broker().name)
def test_the_example_works_but_for_the_address_of_redis(tmp_path, own_address):
    there = "redis://127.0.0.1:6379/1"
    page = [replace(snippet, text=snippet.text.replace(there, own_address)) for snippet in snippets(README)]
    assert sum(own_address in snippet.text for snippet in page) == 1
    files = [snippet for snippet in page if snippet.path]
    typed = [snippet for snippet in page if snippet.language == "pycon"]
    assert [snippet.language for snippet in page[:2]] == ["shell", "shell"]
    assert len(files) == 5
    assert len(typed) == 2

    Reader(tmp_path).follow([shell(BEFORE), *files, shell(MIGRATE), *typed])


def shell(text: str) -> Snippet:
    return Snippet(README, 1, "shell", (), text)
