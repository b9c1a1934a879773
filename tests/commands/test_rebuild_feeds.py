import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from django_feeds import rebuilding, signals
from django_feeds.activity import Activity
from django_feeds.exceptions import StorageUnavailable
from django_feeds.managers import Manager
from django_feeds.models import ActivityRecord, CommandProgress, Follow, RecordSource
from django_feeds.rebuilding import rows
from django_feeds.registry import get_feed, get_feed_class, get_manager
from django_feeds.sources import pause_tracking
from django_feeds.testing import hold_tasks, run_feeds
from django_feeds.verbs import Love
from tests.testapp.models import OwnFollow, Pin

NONE = [
    "testapp.Love (love): 0 rows, 0 new, 0 changed, 0 retracted.",
    "testapp.Remark (comment): 0 rows, 0 new, 0 changed, 0 retracted.",
]
FIRST = [
    "testapp.Pin (pin): 12 rows, 12 new, 0 changed, 0 retracted.",
    *NONE,
    "testapp.Photo (shoot): 1 row, 1 new, 0 changed, 0 retracted.",
    "Records whose rows are gone: 0 of 13 taken back.",
    "Own feeds: 5 owners, rebuilt.",
    "Readers' feeds (timeline): 3 readers, rebuilt.",
    "Notifications: 3 readers, rebuilt.",
]
NOTHING_NEW = [
    "testapp.Pin (pin): 12 rows, 0 new, 0 changed, 0 retracted.",
    *NONE,
    "testapp.Photo (shoot): 1 row, 0 new, 0 changed, 0 retracted.",
    *FIRST[4:],
]


def test_old_rows_come_into_feeds(old_site, run):
    assert run("rebuild_feeds") == FIRST

    assert old_site.own(old_site.cleo) == ["pin 11", "pin 10", "pin 7", "pin 6", "pin 3", "pin 2"]
    assert old_site.own(old_site.tea) == ["pin 9", "pin 6", "pin 3", "pin 0"]
    # Bob's pins 1, 5, 9, his photo, and what is on the board tea; the newest five of seven.
    assert old_site.timeline(old_site.ann) == ["pin 9", "pin 6", "pin 5", "pin 3", "pin 1"]
    assert old_site.timeline(old_site.bob) == ["pin 11", "pin 10", "pin 7", "pin 6", "pin 3"]
    assert old_site.timeline(old_site.cleo) == []


def test_twice_is_once(rebuilt, run):
    before = rebuilt.snapshot()

    assert run("rebuild_feeds") == NOTHING_NEW
    assert rebuilt.snapshot() == before


def test_nobody_is_notified_and_nothing_is_queued(old_site, run):
    heard = []

    def hear(signal, sender, **kwargs):
        heard.append(sender)

    told = (signals.activity_published, signals.activity_updated, signals.activity_retracted)
    for signal in told:
        signal.connect(hear)
    try:
        with hold_tasks() as held:
            run("rebuild_feeds")
            assert not held
    finally:
        for signal in told:
            signal.disconnect(hear)

    assert not heard


def test_records_count_as_delivered(rebuilt):
    assert ActivityRecord.objects.count() == 13
    assert not ActivityRecord.objects.filter(delivered_version__lt=F("version")).exists()


def test_ids_are_those_that_signals_would_give(rebuilt):
    before = set(ActivityRecord.objects.values_list("activity_id", flat=True))

    for pin in Pin.objects.all():
        pin.save()

    assert set(ActivityRecord.objects.values_list("activity_id", flat=True)) == before


def test_rows_that_changed_silently_are_updated(rebuilt, run):
    moved, renamed, given = rebuilt.pins[9], rebuilt.pins[6], rebuilt.pins[5]
    Pin.objects.filter(pk=moved.pk).update(board=rebuilt.cats)
    Pin.objects.filter(pk=renamed.pk).update(note="renamed")
    Pin.objects.filter(pk=given.pk).update(user=rebuilt.cleo)

    assert run("rebuild_feeds")[0] == "testapp.Pin (pin): 12 rows, 0 new, 3 changed, 0 retracted."

    assert rebuilt.own(rebuilt.tea) == ["renamed", "pin 3", "pin 0"]
    assert rebuilt.own(rebuilt.cats)[:2] == ["pin 10", "pin 9"]
    assert rebuilt.own(rebuilt.bob) == ["pin 9", "pin 1", "photo"]
    assert rebuilt.timeline(rebuilt.ann) == ["pin 9", "renamed", "pin 3", "pin 1", "pin 0"]
    assert rebuilt.timeline(rebuilt.bob)[:3] == ["pin 11", "pin 10", "pin 7"]
    assert not ActivityRecord.objects.exclude(former=[]).exists()


def test_an_own_feed_that_lost_its_last_is_emptied(rebuilt, run):
    Pin.objects.filter(board=rebuilt.tea).update(board=rebuilt.cats)

    run("rebuild_feeds")

    assert rebuilt.own(rebuilt.tea) == []
    assert len(rebuilt.own(rebuilt.cats)) == 8


def test_rows_that_vanished_silently_are_taken_back(rebuilt, run):
    Pin.objects.filter(pk__in=[rebuilt.pins[11].pk, rebuilt.pins[10].pk])._raw_delete("default")

    lines = run("rebuild_feeds")

    assert lines[4] == "Records whose rows are gone: 2 of 13 taken back."
    assert rebuilt.own(rebuilt.cleo) == ["pin 7", "pin 6", "pin 3", "pin 2"]
    assert rebuilt.timeline(rebuilt.bob) == ["pin 7", "pin 6", "pin 3", "pin 2"]


def test_rows_that_are_not_for_feeds_are_left_out_and_taken_back(rebuilt, run):
    Pin.objects.filter(pk=rebuilt.pins[11].pk).update(draft=True)

    assert run("rebuild_feeds")[0] == "testapp.Pin (pin): 12 rows, 0 new, 0 changed, 1 retracted."
    assert rebuilt.timeline(rebuilt.bob)[0] == "pin 10"

    Pin.objects.filter(pk=rebuilt.pins[11].pk).update(draft=False)

    assert run("rebuild_feeds")[0] == "testapp.Pin (pin): 12 rows, 0 new, 1 changed, 0 retracted."
    assert rebuilt.timeline(rebuilt.bob)[0] == "pin 11"


def test_what_was_made_by_hand_stays(rebuilt, run):
    loved = Activity(rebuilt.cleo, Love, rebuilt.pins[0], time=timezone.now(), extra_context={"note": "loved"})
    get_manager().publish(loved)
    put = Activity(rebuilt.ann, Love, rebuilt.pins[1], time=timezone.now(), extra_context={"note": "put"})
    run_feeds()
    get_feed("timeline", rebuilt.ann).add(put)

    run("rebuild_feeds")

    assert rebuilt.timeline(rebuilt.bob)[0] == "loved"
    assert rebuilt.timeline(rebuilt.ann)[0] == "put"


def test_a_storage_that_lost_everything_is_filled(rebuilt, run):
    before = rebuilt.snapshot()
    for alias in ("timeline", "user"):
        for owner in (rebuilt.ann, rebuilt.bob, rebuilt.cleo, rebuilt.tea, rebuilt.cats):
            get_feed(alias, owner).delete()
    assert not rebuilt.timeline(rebuilt.ann)

    run("rebuild_feeds")

    assert rebuilt.snapshot() == before


def test_follows_that_changed_silently_count(rebuilt, run):
    Follow.objects.filter(user=rebuilt.bob).delete()
    Follow.objects.all()._raw_delete("default")
    Follow.objects.bulk_create([Follow(user=rebuilt.cleo, target=str(rebuilt.bob.pk))])

    run("rebuild_feeds")

    assert rebuilt.timeline(rebuilt.ann) == []
    assert rebuilt.timeline(rebuilt.bob) == []
    assert rebuilt.timeline(rebuilt.cleo) == ["pin 9", "pin 5", "pin 1", "photo"]


# --- stopped half-way


class Killed(Exception):
    pass


def kill_after(monkeypatch, batches):
    """Die behind the place of this many batches."""
    save = CommandProgress.save
    left = [batches]

    def dying_save(self, *args, **kwargs):
        save(self, *args, **kwargs)
        if kwargs.get("update_fields"):
            left[0] -= 1
            if left[0] == 0:
                raise Killed

    monkeypatch.setattr(CommandProgress, "save", dying_save)


@pytest.mark.parametrize("batches", range(1, 12))
def test_a_run_that_was_killed_goes_on_there(old_site, run, monkeypatch, batches):
    with monkeypatch.context() as patch:
        kill_after(patch, batches)
        with pytest.raises(Killed):
            run("rebuild_feeds", batch_size=5)

    first, *lines = run("rebuild_feeds", batch_size=5)

    assert first.startswith("Going on where the run of 20")
    assert lines == FIRST
    assert old_site.timeline(old_site.ann) == ["pin 9", "pin 6", "pin 5", "pin 3", "pin 1"]
    assert old_site.own(old_site.tea) == ["pin 9", "pin 6", "pin 3", "pin 0"]
    assert not ActivityRecord.objects.filter(delivered_version__lt=F("version")).exists()
    assert not CommandProgress.objects.exists()


def test_what_is_done_is_not_done_again(old_site, run, monkeypatch):
    with monkeypatch.context() as patch:
        kill_after(patch, 2)
        with pytest.raises(Killed):
            run("rebuild_feeds", batch_size=5)
    ActivityRecord.objects.all().delete()

    lines = run("rebuild_feeds", batch_size=5)

    assert ActivityRecord.objects.count() == 3  # two of the pins, and the photo
    assert lines[1] == FIRST[0]


def test_restart_begins_anew(old_site, run, monkeypatch):
    with monkeypatch.context() as patch:
        kill_after(patch, 2)
        with pytest.raises(Killed):
            run("rebuild_feeds", batch_size=5)
    ActivityRecord.objects.all().delete()

    assert run("rebuild_feeds", restart=True) == FIRST
    assert not CommandProgress.objects.exists()


def test_another_job_is_another_place(old_site, run, monkeypatch):
    with monkeypatch.context() as patch:
        kill_after(patch, 1)
        with pytest.raises(Killed):
            run("rebuild_feeds", batch_size=5)

    assert run("rebuild_feeds", only="own") == ["Own feeds: 5 owners, rebuilt."]
    assert CommandProgress.objects.count() == 1


def test_a_storage_that_is_down_is_said_and_the_place_is_kept(old_site, run, monkeypatch):
    def down(*args, **kwargs):
        raise StorageUnavailable("The storage does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(get_feed_class("timeline"), "fill", down)
        with pytest.raises(CommandError) as failure:
            run("rebuild_feeds")

    assert str(failure.value) == (
        "The storage does not answer.\n"
        "The place is kept: the same command goes on there, and with --restart it begins anew."
    )
    assert run("rebuild_feeds")[1:] == FIRST


def test_ctrl_c_keeps_the_place_too(old_site, run, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rebuilding, "own_feeds", interrupt)
        with pytest.raises(CommandError, match=r"Stopped\. The place is kept"):
            run("rebuild_feeds")

    assert run("rebuild_feeds")[0].startswith("Going on")


def test_a_process_that_is_killed_can_be_run_again(tmp_path):
    """For real: SIGKILL in the middle of the records, and once more."""
    script = [sys.executable, str(Path(__file__).parent / "killed_rebuild.py"), str(tmp_path / "site.sqlite3")]
    subprocess.run([*script, "seed"], check=True)
    with subprocess.Popen([*script, "rebuild"], stdout=subprocess.PIPE, text=True) as process:
        while "batch 3" not in process.stdout.readline():
            pass
        process.kill()
    assert process.returncode < 0

    ended = subprocess.run([*script, "rebuild"], check=True, capture_output=True, text=True)
    counted = subprocess.run([*script, "count"], check=True, capture_output=True, text=True)

    assert "Going on where the run of" in ended.stdout
    assert counted.stdout.split() == ["2000", "records,", "0", "undelivered,", "[50,", "50]", "entries"]


@pytest.mark.parametrize("how", ["vanished", "draft"])
def test_a_run_that_was_killed_while_it_took_back(rebuilt, run, monkeypatch, how):
    """Between the record and the own feed."""
    if how == "draft":
        Pin.objects.filter(board=rebuilt.tea).update(draft=True)
    else:
        Pin.objects.filter(board=rebuilt.tea)._raw_delete("default")
    deliver = rows._count_as_delivered

    def die(manager, found, at):
        if found.filter(published=False).exists():
            raise Killed
        deliver(manager, found, at)

    with monkeypatch.context() as patch:
        patch.setattr(rows, "_count_as_delivered", die)
        with pytest.raises(Killed):
            run("rebuild_feeds")
    assert ActivityRecord.objects.filter(delivered_version__lt=F("version")).count() == 4

    run("rebuild_feeds")

    assert rebuilt.own(rebuilt.tea) == []
    assert not ActivityRecord.objects.filter(delivered_version__lt=F("version")).exists()


# --- parts


def test_records_only_wait_for_their_delivery(old_site, run):
    assert run("rebuild_feeds", only="records") == FIRST[:5]

    assert ActivityRecord.objects.filter(delivered_version=0).count() == 13
    assert not old_site.own(old_site.bob)

    run("rebuild_feeds")

    assert not ActivityRecord.objects.filter(delivered_version=0).exists()


def test_one_source_only(old_site, run):
    lines = run("rebuild_feeds", source=["testapp.photo"])

    assert lines[0] == FIRST[3]
    assert ActivityRecord.objects.count() == 1


def test_one_feed_only(old_site, run):
    assert run("rebuild_feeds", feed=["timeline"]) == [*FIRST[:5], FIRST[6]]
    assert not old_site.own(old_site.bob)
    assert old_site.timeline(old_site.bob)


def test_one_owner_only(rebuilt, run):
    for user in (rebuilt.ann, rebuilt.bob):
        get_feed("timeline", user).delete()

    lines = run("rebuild_feeds", owner=["ann", f"testapp.Board:{rebuilt.tea.pk}"])

    assert lines == [
        "Own feeds: 2 owners, rebuilt.",
        "Readers' feeds (timeline): 2 readers, rebuilt.",
        "Notifications: 2 readers, rebuilt.",
    ]
    assert rebuilt.timeline(rebuilt.ann)
    assert not rebuilt.timeline(rebuilt.bob)


def test_a_dry_run_counts_and_changes_nothing(rebuilt, run):
    Pin.objects.filter(pk=rebuilt.pins[0].pk).update(note="renamed")
    Pin.objects.filter(pk=rebuilt.pins[1].pk).update(draft=True)
    rebuilt.pins[11].delete()
    run_feeds()
    with pause_tracking():
        rebuilt.pins[10].delete()
        Pin.objects.bulk_create([Pin(user=rebuilt.ann, note="new")])
    get_feed("timeline", rebuilt.bob).delete()
    before = state(rebuilt)

    lines = run("rebuild_feeds", dry_run=True)

    assert lines == [
        "Dry run: nothing is changed.",
        "testapp.Pin (pin): 11 rows, 1 new, 1 changed, 1 retracted.",
        *NONE,
        "testapp.Photo (shoot): 1 row, 0 new, 0 changed, 0 retracted.",
        "Records whose rows are gone: 1 of 12 taken back.",
        "Own feeds: 5 owners, 0 feeds to be changed.",
        "Readers' feeds (timeline): 3 readers, 1 feed to be changed.",
        "Notifications: 3 readers, 0 feeds to be changed.",
    ]
    assert state(rebuilt) == before
    assert not CommandProgress.objects.exists()


def state(site):
    rows = ActivityRecord.objects.order_by("pk").values_list("pk", "version", "published", "extra_context")
    return list(rows), list(RecordSource.objects.order_by("pk").values_list()), site.snapshot()


# --- graphs of the project's own


class KnowingManager(Manager):
    def get_user_follower_ids(self, user_id):
        if ":" in user_id:  # nobody follows boards
            return {}
        return {None: OwnFollow.objects.filter(target=user_id).values_list("user_id", flat=True)}

    def get_user_following(self, user_id):
        return OwnFollow.objects.filter(user=user_id).values_list("target_id", flat=True)


class FollowersOnlyManager(Manager):
    get_user_follower_ids = KnowingManager.get_user_follower_ids


@pytest.mark.parametrize("manager", [KnowingManager, FollowersOnlyManager])
def test_a_graph_of_the_projects_own(old_site, run, settings, manager):
    path = f"{__name__}.{manager.__name__}"
    managers = {"default": {"CLASS": path, "USER_FEED": "user", "FEEDS": ["timeline"]}}
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "MANAGERS": managers}
    pairs = [(old_site.ann, old_site.cleo), (old_site.ann, old_site.bob), (old_site.cleo, old_site.ann)]
    OwnFollow.objects.bulk_create(OwnFollow(user=user, target=target) for user, target in pairs)

    run("rebuild_feeds")
    run("rebuild_feeds")

    assert old_site.timeline(old_site.ann) == ["pin 11", "pin 10", "pin 9", "pin 7", "pin 6"]
    assert old_site.timeline(old_site.cleo) == ["pin 8", "pin 4", "pin 0"]
    assert old_site.timeline(old_site.bob) == []


# --- mistakes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"manager": "defalt"}, "DJANGO_FEEDS['MANAGERS'] has no 'defalt'; it has: default. Add it there, or mend the "
                                "name. Did you mean 'default'?"),
        ({"manager": "tests.nowhere.Manager"}, "which cannot be imported"),
        ({"manager": "django_feeds.feeds.Feed"}, "'django_feeds.feeds.Feed' leads to "),
        ({"feed": ["timelines"]}, "'default' has no feed 'timelines'. It has: timeline, user, notifications."),
        ({"owner": ["dora"]}, "'dora' owns no feed: there is no auth.User with this pk or user name."),
        ({"owner": ["testapp.Board:99"]}, "'testapp.Board:99' owns no feed: there is no such testapp.Board."),
        ({"owner": ["pins.Bord:9"]}, "no model 'pins.Bord' is installed. Write app.Model:pk."),
        ({"source": ["testapp.Board"]}, "no source 'testapp.Board'. It has: testapp.Love, testapp.Photo, testapp.Pin"),
        ({"owner": ["ann"], "only": "records"}, "leave one of them out"),
        ({"feed": ["user"], "only": "timelines"}, "--feed and --only exclude one another"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_the_way_out(old_site, run, options, message):
    with pytest.raises(CommandError) as failure:
        run("rebuild_feeds", **options)

    assert message in str(failure.value).replace("auth.user", "auth.User")
    assert not CommandProgress.objects.exists()


def test_a_batch_of_none_is_refused(old_site):
    with pytest.raises(CommandError, match="--batch-size: must be a whole number from 1, not '0'"):
        call_command("rebuild_feeds", "--batch-size", "0", stdout=StringIO())


def test_a_row_that_cannot_be_an_activity_is_named(old_site, run, monkeypatch):
    from tests.testapp.feeds import PinSource

    monkeypatch.setattr(PinSource, "get_extra_context", lambda self, instance: {"user": instance.user})

    with pytest.raises(CommandError, match=rf"testapp\.Pin {old_site.pins[0].pk} cannot be an activity: JSON cannot"):
        run("rebuild_feeds")
