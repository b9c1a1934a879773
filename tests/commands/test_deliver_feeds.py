from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.db.models import F
from django.utils import timezone
from kombu.exceptions import OperationalError

from django_feeds import tasks
from django_feeds.exceptions import StorageUnavailable
from django_feeds.models import ActivityRecord
from django_feeds.registry import get_feed, get_feed_class
from django_feeds.testing import hold_tasks
from tests.testapp.models import Pin


@pytest.fixture
def waiting(old_site, run):
    """Thirteen activities whose delivery never came."""
    run("rebuild_feeds", only="records")
    return old_site


def undelivered():
    return ActivityRecord.objects.filter(delivered_version__lt=F("version")).count()


def test_what_was_left_is_delivered(waiting, run):
    assert run("deliver_feeds", older_than=0) == ["13 activities delivered."]

    assert undelivered() == 0
    page = get_feed("timeline", waiting.bob).page()
    assert [activity.extra_context["note"] for activity in page][:3] == ["pin 11", "pin 10", "pin 7"]
    assert waiting.own(waiting.tea) == ["pin 9", "pin 6", "pin 3", "pin 0"]
    assert run("deliver_feeds", older_than=0) == ["0 activities delivered."]


def test_a_task_takes_a_batch(waiting, run):
    with hold_tasks() as held:
        run("deliver_feeds", older_than=0, batch_size=5)

    assert [(task.name, args[0], len(args[1])) for task, args in held] == [
        ("django_feeds.fan_out", "default", 5),
        ("django_feeds.fan_out", "default", 5),
        ("django_feeds.fan_out", "default", 3),
    ]


def test_what_happened_just_now_is_left_to_its_worker(waiting, run):
    now = timezone.now()
    Pin.objects.filter(pk=waiting.pins[0].pk).update(created_at=now - timedelta(seconds=30))
    Pin.objects.filter(pk=waiting.pins[1].pk).update(created_at=now + timedelta(days=1))
    Pin.objects.exclude(pk__in=[waiting.pins[0].pk, waiting.pins[1].pk]).update(created_at=now - timedelta(hours=1))
    run("rebuild_feeds", only="records")
    ActivityRecord.objects.filter(object__startswith="testapp.Photo").update(delivered_version=F("version"))

    assert run("deliver_feeds", older_than=3_600 * 2)[-1] == "1 activity delivered."  # the one ahead of the clock
    assert run("deliver_feeds", older_than=60)[-1] == "10 activities delivered."
    assert undelivered() == 1


def test_a_dry_run_lists_and_changes_nothing(waiting, run):
    ActivityRecord.objects.filter(object=f"testapp.Pin:{waiting.pins[0].pk}").update(delivery_error="It rained.")

    lines = run("deliver_feeds", older_than=0, dry_run=True)

    assert [lines[0], lines[2]] == [
        "Dry run: 13 activities would be handed out.",
        f"  2026-11-22 12:00:00  auth.User:{waiting.ann.pk} pin testapp.Pin:{waiting.pins[0].pk} (It rained.)",
    ]
    assert len(lines) == 14
    assert undelivered() == 13
    assert not waiting.own(waiting.tea)


def test_a_long_list_is_cut(waiting, run, monkeypatch):
    monkeypatch.setattr("django_feeds.management.commands.deliver_feeds.LISTED", 3)

    assert run("deliver_feeds", older_than=0, dry_run=True)[-1] == "  and 10 more"


def test_a_broker_that_is_down_is_said(waiting, run, monkeypatch, settings):
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "TASKS": "celery"}

    def refuse(*args, **kwargs):
        raise OperationalError("Connection refused")

    monkeypatch.setattr(tasks.fan_out, "apply_async", refuse)

    with pytest.raises(CommandError, match="The broker cannot be reached: Connection refused. Nothing is lost"):
        run("deliver_feeds", older_than=0)
    assert undelivered() == 13


def test_a_storage_that_is_down_is_said(waiting, run, monkeypatch):
    def down(*args, **kwargs):
        raise StorageUnavailable("The storage does not answer.")

    monkeypatch.setattr(get_feed_class("user"), "fill", down)

    with pytest.raises(CommandError, match="The storage does not answer"):
        run("deliver_feeds", older_than=0)
    assert undelivered() == 13
