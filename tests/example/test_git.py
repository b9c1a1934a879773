"""Importing the history of a git checkout."""

import subprocess
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from django_feeds.registry import get_feed, get_manager
from django_feeds.testing import run_feeds
from example_project.gitstream import log
from example_project.gitstream.models import Commit, Folder

pytestmark = pytest.mark.django_db
PROJECT = Path(__file__).resolve().parents[2]


class Checkout:
    """A repository to write to."""

    def __init__(self, path):
        self.path, self.day = path, 0
        self.git("init", "-q")

    def git(self, *args, name="Ann Lee", email="ann@example.com"):
        when = f"2026-01-{self.day or 1:02}T12:00:00+02:00"
        env = {
            **{f"GIT_{who}_NAME": name for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": email for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_DATE": when for who in ("AUTHOR", "COMMITTER")},
            **{"PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.path)},
        }
        subprocess.run(["git", "-C", str(self.path), *args], check=True, env=env, capture_output=True)

    def commit(self, message, *files, **who):
        self.day += 1
        for file in files:
            (self.path / file).parent.mkdir(parents=True, exist_ok=True)
            (self.path / file).write_text(message)
        self.git("add", "--", *files)
        self.git("commit", "-q", "--allow-empty", "-m", message, **who)


@pytest.fixture
def checkout(tmp_path):
    path = tmp_path / "tool"
    path.mkdir()
    checkout = Checkout(path)
    checkout.commit("Begin", "README", "src/core/a.py", "src/core/b.py")
    checkout.commit("Say more\n\nBecause it was\ntoo short.", "docs/ö ü.md", name="Ben", email="ben@example.com")
    checkout.commit("Nothing at all")
    return checkout


def run(*args, **options):
    out = StringIO()
    call_command("import_git", *args, verbosity=0, stdout=out, **options)
    run_feeds()
    return out.getvalue()


def test_commits_become_rows(checkout):
    assert "Imported 3 commits of tool" in run(checkout.path)

    begin, more, nothing = Commit.objects.order_by("committed_at")
    assert (begin.subject, begin.body, begin.author.get_full_name()) == ("Begin", "", "Ann Lee")
    assert (more.subject, more.body) == ("Say more", "Because it was\ntoo short.")
    assert begin.committed_at.isoformat() == "2026-01-01T10:00:00+00:00"
    assert [folder.path for folder in begin.folders.all()] == ["", "src", "src/core"]
    assert [folder.path for folder in begin.named_folders()] == ["src/core"]
    assert [folder.path for folder in more.folders.all()] == ["", "docs"]
    assert [folder.path for folder in nothing.folders.all()] == [""]


def test_authors_become_users_who_cannot_sign_in(checkout):
    known = get_user_model().objects.create_user("somebody", email="BEN@example.com")
    get_user_model().objects.create_user("ann.lee")
    run(checkout.path)

    ann = Commit.objects.get(subject="Begin").author
    assert (ann.username, ann.email, ann.has_usable_password()) == ("ann.lee2", "ann@example.com", False)
    assert Commit.objects.get(subject="Say more").author == known


def test_a_commit_is_in_the_feeds_of_its_folders_and_of_those_who_follow_them(checkout):
    run(checkout.path)
    reader = get_user_model().objects.create_user("reader")
    get_manager().follow_user(reader, Folder.objects.get(path="src"))
    run_feeds()

    def subjects(feed):
        return [activity.object.subject for activity in feed.page().items]

    assert subjects(get_feed("user", Folder.objects.get(path=""))) == ["Nothing at all", "Say more", "Begin"]
    assert subjects(get_feed("user", Folder.objects.get(path="docs"))) == ["Say more"]
    assert subjects(get_feed("timeline", reader)) == ["Begin"]

    checkout.commit("Mend it", "src/core/a.py")
    run(checkout.path)

    assert subjects(get_feed("timeline", reader)) == ["Mend it", "Begin"]


def test_again_imports_only_what_is_new(checkout):
    run(checkout.path, limit=1)
    assert [commit.subject for commit in Commit.objects.all()] == ["Nothing at all"]
    checkout.commit("Go on", "src/c.py")

    assert "3 commits of tool would" in run(checkout.path, dry_run=True)
    assert Commit.objects.count() == 1
    assert "Imported 3" in run(checkout.path / "src")
    assert "Imported 0" in run(checkout.path)
    assert Commit.objects.count() == 4
    assert Folder.objects.filter(path="").count() == 1


def test_merges_are_left_out(checkout):
    checkout.git("checkout", "-q", "-b", "side")
    checkout.commit("Aside", "side.txt")
    checkout.git("checkout", "-q", "-")
    checkout.commit("Meanwhile", "main.txt")
    checkout.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
    run(checkout.path)

    subjects = set(Commit.objects.values_list("subject", flat=True))
    assert {"Aside", "Meanwhile"} <= subjects
    assert "Merge" not in subjects


@pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="this copy of the project is no git checkout")
def test_this_project_is_imported_by_default():
    run(limit=30)

    assert 0 < Commit.objects.count() <= 30
    paths = set(Folder.objects.values_list("path", flat=True))
    assert "" in paths
    assert not any(path != path.strip("/\n\0 ") for path in paths)


def test_no_checkout_no_commits_no_git(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(CommandError, match="cannot read the history of"):
        run(tmp_path)
    with pytest.raises(CommandError, match="cannot read the history of"):
        run(tmp_path / "nowhere")
    Checkout(tmp_path)
    with pytest.raises(CommandError, match="cannot read the history of"):
        run(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="not installed"):
        run(tmp_path)


def test_a_limit_is_a_number_from_1(checkout):
    with pytest.raises(CommandError, match="from 1"):
        run(checkout.path, limit=0)


def test_folders_go_up_to_the_top():
    commit = log.LoggedCommit("", "", "", None, "", "", ["a/b/c.py", "a/d.py", "e.py"])
    assert commit.folders() == ["", "a", "a/b"]


def test_the_stream_is_grouped_by_day(checkout, client):
    assert "import_git" in client.get("/git/").content.decode()
    run(checkout.path)

    text = client.get("/git/").content.decode()

    assert text.count('class="day"') == 3
    assert "Because it was" in text
    folder = Folder.objects.get(path="docs")
    below = client.get(f"/git/folder/{folder.pk}/").content.decode()
    assert "Say more" in below
    assert "Begin" not in below
    assert client.get("/git/folder/999999/").status_code == 404
