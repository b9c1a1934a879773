import pytest
from django.contrib.auth.models import User
from django.db import models
from django.test.utils import isolate_apps

from django_feeds import verbs
from django_feeds.sources import ActivitySource
from tests.testapp.models import Photo, Pin
from tests.testapp.verbs import Pin as PinVerb


class Unregistered(verbs.Verb):
    id = 9_001
    infinitive = "hide"
    past_tense = "hid"


class SoundSource(ActivitySource):
    verb = PinVerb
    target = "board"
    time = "created_at"
    feeds = ("board", "tags")


class ByHandSource(ActivitySource):
    """Names nothing that the model has, and needs none of it."""

    verb = PinVerb
    actor = object = target = time = "nothing"
    feeds = ("nothing",)

    def get_actor(self, instance):
        return instance.user

    def get_object(self, instance):
        return instance

    def get_target(self, instance):
        return None

    def get_time(self, instance):
        return instance.created_at

    def get_feeds(self, instance):
        return []


@pytest.mark.parametrize("source_class", [SoundSource, ByHandSource])
def test_sound_sources_are_silent(ids, source, source_class):
    source(Pin, source_class)

    assert ids() == []


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"actor": "author"}, "E040"),
        ({"object": "item"}, "E040"),
        ({"target": "bord"}, "E040"),
        ({"feeds": ("board", "tag")}, "E040"),
        ({"feeds": "board"}, "E040"),
        ({"time": None}, "E041"),
        ({"time": "made_at"}, "E041"),
        ({"verb": Unregistered}, "E043"),
        ({"manager": "pins"}, "E045"),
        ({"manager": "tests.nowhere.PinManager"}, "E045"),
        ({"manager": "django_feeds.feeds.Feed"}, "E045"),
        ({"manager": "django_feeds.managers.FanoutPriority.HIGH"}, "E045"),
    ],
)
def test_a_source_that_cannot_work_is_found_once(ids, source, attributes, expected):
    source(Pin, type("PinSource", (SoundSource,), attributes))

    assert ids() == [expected]


def test_the_hint_knows_the_relation(found, source):
    source(Pin, type("PinSource", (SoundSource,), {"target": "bord"}))

    (message,) = found()

    assert message.msg == "PinSource.target names 'bord', which Pin does not have."
    assert message.hint == "Did you mean 'board'? Or override get_target()."


def test_a_field_that_is_set_once_needs_no_name(ids, source):
    source(Photo, type("PhotoSource", (ActivitySource,), {"verb": PinVerb}))

    assert ids() == []


@isolate_apps("tests.testapp")
def test_a_time_that_changes_is_found(ids, source):
    class Draft(models.Model):
        user = models.ForeignKey(User, models.CASCADE)
        changed_at = models.DateTimeField(auto_now=True)

        class Meta:
            app_label = "testapp"

    source(Draft, type("DraftSource", (ActivitySource,), {"verb": PinVerb, "time": "changed_at"}))

    assert ids() == ["E042"]


def test_verbs_that_clash_are_found(found, monkeypatch):
    other = type("Nail", (verbs.Verb,), {"id": PinVerb.id, "infinitive": "nail", "past_tense": "nailed"})
    monkeypatch.setattr(verbs, "clashes", [(PinVerb, other)])

    (message,) = found()

    assert message.id == "django_feeds.E044"
    assert message.msg == f"The verbs tests.testapp.verbs.Pin and {__name__}.Nail both have the id 105."
    assert "for instance " in message.hint


def test_a_source_that_names_who_is_told_needs_a_manager_with_notifications(ids, source):
    source(Pin, type("PinSource", (SoundSource,), {"mentions": ("note",)}))
    assert ids() == []

    assert ids(MANAGERS={"default": {"USER_FEED": "user", "FEEDS": ["timeline"]}}) == ["W009"]
