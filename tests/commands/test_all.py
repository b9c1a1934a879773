"""What all commands have in common."""

import argparse
import importlib
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from django_feeds.management import commands, progress
from django_feeds.management.base import positive

NAMES = sorted(path.stem for path in Path(commands.__file__).parent.glob("*.py") if path.stem != "__init__")


def parser_of(name):
    command = importlib.import_module(f"django_feeds.management.commands.{name}").Command()
    return command.create_parser("manage.py", name)


def test_all_are_here():
    expected = "deliver_feeds feed_stats inspect_feed notifications_digest rebuild_feeds sync_feed_storages trim_feeds"
    assert NAMES == expected.split()


@pytest.mark.parametrize("name", NAMES)
def test_help_tells_of_every_option(name):
    parser = parser_of(name)
    text = parser.format_help()

    assert len(parser.description.splitlines()) > 3, "a help text worth reading"
    for action in parser._actions:
        assert action.help, f"{action.dest} has no help"
        if action.help is not argparse.SUPPRESS:
            assert (action.option_strings or [action.dest])[-1] in text
    assert "--dry-run" in text
    assert "--progress" in text


@pytest.mark.parametrize("name", NAMES)
def test_help_fits_a_terminal(name):
    description = parser_of(name).description

    assert max(map(len, description.splitlines())) <= 105


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("rebuild_feeds", []),
        ("trim_feeds", []),
        ("feed_stats", []),
        ("deliver_feeds", []),
        ("notifications_digest", []),
        ("inspect_feed", ["timeline", "ann"]),
    ],
)
def test_verbosity_0_is_silent(old_site, name, args):
    out, err = StringIO(), StringIO()

    call_command(name, *args, verbosity=0, progress=True, stdout=out, stderr=err)

    assert (out.getvalue(), err.getvalue()) == ("", "")


def test_a_bar_is_shown_where_it_is_wanted(old_site):
    out, err = StringIO(), StringIO()

    call_command("rebuild_feeds", progress=True, stdout=out, stderr=err)

    assert "testapp.Pin (pin): 100%" in err.getvalue()
    assert "own feeds: 100%" in err.getvalue()
    assert "readers' feeds: 100%" in err.getvalue()
    assert "%|" not in out.getvalue()


class Terminal(StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("patience", "shown"), [(60.0, False), (0.0, True)])
def test_a_terminal_shows_it_after_a_while(old_site, monkeypatch, patience, shown):
    monkeypatch.setattr(progress, "PATIENCE", patience)
    err = Terminal()

    call_command("rebuild_feeds", stdout=StringIO(), stderr=err)

    assert ("testapp.Pin (pin)" in err.getvalue()) is shown


def test_a_file_gets_no_bar(old_site, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    err = StringIO()

    call_command("rebuild_feeds", stdout=StringIO(), stderr=err)

    assert err.getvalue() == ""


def test_a_number_may_have_separators():
    assert positive("1_000") == positive("1,000") == 1_000
