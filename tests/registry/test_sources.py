from datetime import date, datetime, timezone

import pytest
from django.contrib.auth.models import User
from django.db import models

from django_feeds import sources
from django_feeds.exceptions import InvalidActivity, InvalidSource
from django_feeds.models import ActivityRecord
from django_feeds.owners import Reference
from django_feeds.sources import ActivitySource, pause_tracking, register, source_of
from django_feeds.verbs import Love
from tests.testapp import verbs
from tests.testapp.models import Board, Photo, Pin, Tag

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(sources, "_sources", dict(sources._sources))
    monkeypatch.setattr(sources, "listeners", [])


def test_a_row_becomes_an_activity_without_a_query(db, django_assert_num_queries):
    pin = Pin(pk=42, user_id=1, board_id=3, note="tea", created_at=NOON)

    with django_assert_num_queries(0):
        activity = source_of(Pin).activity(pin)

    assert activity.actor_reference == Reference("auth.User", 1)
    assert activity.object_reference == Reference("testapp.Pin", 42)
    assert activity.target_reference == Reference("testapp.Board", 3)
    assert activity.time == NOON
    assert activity.extra_context == {"note": "tea"}
    assert activity.identity == ["testapp.Pin", "42", verbs.Pin.id]


def test_the_feeds_it_belongs_to_are_the_actors_and_the_named_relations(db):
    pin = Pin.objects.create(user=User.objects.create(), board=Board.objects.create())
    tag = Tag.objects.create()
    pin.tags.add(tag)

    publication = source_of(Pin).publication(pin)

    assert publication.sources == [str(pin.user_id), f"testapp.Board:{pin.board_id}", f"testapp.Tag:{tag.pk}"]


def test_a_relation_that_is_empty_is_no_source(db):
    pin = Pin.objects.create(user=User.objects.create())

    assert source_of(Pin).publication(pin).sources == [str(pin.user_id)]


def test_the_id_stays_when_everything_else_changes():
    source = source_of(Pin)
    one = source.activity(Pin(pk=42, user_id=1, board_id=3, note="a", created_at=NOON))
    other = source.activity(Pin(pk=42, user_id=2, board_id=4, note="b", created_at=NOON))

    assert one.id == other.id


def test_the_mixin_says_the_same_on_the_model(db):
    photo = Photo.objects.create(user=User.objects.create())

    activity = photo.create_activity()

    assert activity.verb == verbs.Shoot()
    assert activity.object_id == photo.pk
    assert activity.extra_context == {"camera": "box; 59"}
    assert activity == source_of(Photo).activity(photo)


def test_a_renamed_model_keeps_its_ids_by_its_old_label(registry):
    @register(Board)
    class BoardSource(ActivitySource):
        verb = Love
        label = "old.Board"

    assert source_of(Board).identity(Board(pk=5)) == ["old.Board", "5", Love.id]


def test_a_row_without_an_actor_causes_nothing(db, registry):
    @register(Board)
    class BoardSource(ActivitySource):
        verb = Love
        actor = "owner"

    assert source_of(Board).publication(Board(pk=5)) is None


@pytest.mark.parametrize("value", [NOON, "2026-11-22T12:00:00Z", datetime(2026, 11, 22, 12)])  # noqa: DTZ001
def test_times_become_aware(value):
    assert sources.as_time(value).tzinfo is not None


def test_a_date_is_its_midnight():
    assert sources.as_time(date(2026, 11, 22)).date() == date(2026, 11, 22)


def test_the_time_is_the_field_that_is_set_once():
    assert sources.set_once_field(Photo) == "taken_at"
    assert sources.set_once_field(Pin) is None


def test_a_model_without_such_a_field_says_what_to_add(registry):
    @register(Board)
    class BoardSource(ActivitySource):
        verb = Love
        actor = "owner"

    with pytest.raises(InvalidSource, match=r"give Board a DateTimeField\(auto_now_add=True\), or set `time`"):
        source_of(Board).activity(Board(pk=5, owner_id=1))


def test_a_source_without_a_verb_is_refused(registry):
    with pytest.raises(InvalidSource, match="VerblessSource must define `verb`"):

        @register(Board)
        class VerblessSource(ActivitySource):
            pass


@pytest.mark.parametrize("thing", ["pins.Pin", models.Model, object])
def test_only_concrete_models_are_registered(registry, thing):
    with pytest.raises(InvalidSource, match="takes concrete models"):

        @register(thing)
        class Source(ActivitySource):
            verb = Love


def test_only_sources_register(registry):
    with pytest.raises(InvalidSource, match="decorates a subclass of ActivitySource"):
        register(Board)(object)


def test_a_model_has_one_source_for_each_verb(registry):
    with pytest.raises(InvalidSource, match="Pin has a source with the verb 'pin' already"):

        @register(Pin)
        class Again(ActivitySource):
            verb = verbs.Pin


def test_a_model_without_a_source_says_how_to_have_one():
    with pytest.raises(
        InvalidSource, match=r"Board causes no activities; decorate an ActivitySource with @register\(Board\)"
    ):
        source_of(Board)


def test_tracking_can_be_paused_and_switched_off(db, settings):
    user = User.objects.create()
    with pause_tracking():
        pin = Pin.objects.create(user=user)
    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "TRACKING": False}
    Pin.objects.create(user=user)
    assert ActivityRecord.objects.count() == 0

    settings.DJANGO_FEEDS = {**settings.DJANGO_FEEDS, "TRACKING": True}
    pin.save()
    assert ActivityRecord.objects.count() == 1


@pause_tracking()
def make_quietly(user):
    return Pin.objects.create(user=user)


def test_pausing_decorates_functions_too(db):
    make_quietly(User.objects.create())

    assert ActivityRecord.objects.count() == 0


def test_a_pause_ends_with_an_error_too(db):
    with pytest.raises(ZeroDivisionError), pause_tracking():
        1 / 0

    assert sources.tracking()


def owners_of(pin):
    return {source.owner for source in ActivityRecord.objects.get().sources.all()}


def test_tags_that_come_and_go_change_where_an_activity_belongs(db):
    pin, tag = Pin.objects.create(user=User.objects.create()), Tag.objects.create()
    actor, tagged = {str(pin.user_id)}, {str(pin.user_id), f"testapp.Tag:{tag.pk}"}

    for change, expected in [
        (lambda: pin.tags.add(tag), tagged),
        (lambda: pin.tags.remove(tag), actor),
        (lambda: tag.pin_set.add(pin), tagged),
        (lambda: tag.pin_set.clear(), actor),
        (lambda: pin.tags.set([tag]), tagged),
        (lambda: pin.tags.clear(), actor),
        (lambda: tag.pin_set.set([pin]), tagged),
        (lambda: tag.pin_set.remove(pin), actor),
    ]:
        change()
        assert owners_of(pin) == expected


def test_a_row_without_its_time_says_which_field_to_set():
    with pytest.raises(InvalidActivity, match="has no created_at, which is when"):
        source_of(Pin).activity(Pin(pk=5, user_id=1, created_at=None))
