import uuid
from datetime import datetime, timedelta, timezone

import pytest
from django.contrib.auth.models import User

from django_feeds import serializers
from django_feeds.activity import Activity
from django_feeds.exceptions import InvalidActivity, InvalidReference, NotHydrated
from django_feeds.ids import id_time
from django_feeds.owners import Reference
from django_feeds.verbs import Add, Love
from tests.testapp.models import Board, Pin
from tests.testapp.verbs import Pin as PinVerb

NOON = datetime(2026, 11, 22, 12, 0, 0, 123_456, tzinfo=timezone.utc)


def love(**changes):
    arguments = {"actor": 1, "verb": Love, "object": Pin(pk=42), "time": NOON, **changes}
    return Activity(**arguments)


def test_references_are_instances_pairs_or_pks():
    activities = [
        Activity(User(pk=1), PinVerb, Pin(pk=42), Board(pk=3), NOON),
        Activity(("auth.User", 1), PinVerb, ("testapp.Pin", 42), ("testapp.Board", "3"), NOON),
        Activity("1", PinVerb, 42, Board(pk=3), NOON),
    ]

    assert len({activity.id for activity in activities}) == 1
    assert [activities[2].actor_id, activities[2].object_id, activities[2].target_id] == [1, 42, 3]


def test_a_bare_pk_is_of_the_verbs_model_else_of_the_user_model():
    assert Activity(1, PinVerb, 42).object_reference == Reference("testapp.Pin", 42)
    assert Activity(1, Love, 42).object_reference == Reference("auth.User", 42)


def test_the_id_follows_from_the_activity():
    assert love().id == love().id
    assert id_time(love().id) == NOON.replace(microsecond=123_000)


@pytest.mark.parametrize(
    "change",
    [
        {"actor": 2},
        {"verb": Add},
        {"object": Pin(pk=43)},
        {"object": Board(pk=42)},
        {"target": Board(pk=1)},
        {"time": NOON + timedelta(microseconds=1)},
    ],
)
def test_activities_of_one_millisecond_do_not_collide(change):
    assert love(**change).id != love().id


def test_the_time_zone_does_not_matter_to_the_id():
    assert love(time=NOON.astimezone(timezone(timedelta(hours=-8)))).id == love().id


def test_an_identity_keeps_the_id_when_everything_else_changes():
    identity = ["testapp.Pin", "42", 105]

    one = Activity(1, PinVerb, 42, Board(pk=1), NOON, {"note": "a"}, identity=identity)
    other = Activity(2, PinVerb, 42, Board(pk=2), NOON, {"note": "b"}, identity=identity)

    assert one.id == other.id
    assert one.id_with(1) != one.id


def test_any_primary_key_works():
    pk = uuid.uuid4()

    assert Activity(1, Love, ("testapp.Photo", str(pk))).object_id == pk


def test_rows_that_were_given_are_there_and_others_say_how_to_get_them():
    pin = Pin(pk=42)
    activity = Activity(1, Love, pin)

    assert activity.object is pin
    assert activity.target is None
    with pytest.raises(NotHydrated, match=r"Only the id of the actor is known \(auth.User:1\).*activity.actor_id"):
        activity.actor
    assert not hasattr(activity, "actor")


def test_rows_that_are_gone_are_none():
    activity = love()
    activity.hydrate({Reference("auth.User", 1): User(pk=1, username="ann")})

    assert activity.actor.username == "ann"
    assert activity.object is None


def test_a_naive_time_is_refused():
    with pytest.raises(InvalidActivity, match="is naive; make it aware"):
        love(time=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_what_is_no_time_is_refused():
    with pytest.raises(InvalidActivity, match="is no datetime"):
        love(time="today")


@pytest.mark.parametrize("extra", [{"a": object()}, {"a": {1, 2}}, {"a": float("nan")}, {"a": b"bytes"}, {("a",): 1}])
def test_extra_context_that_json_cannot_hold_is_refused(extra):
    with pytest.raises(InvalidActivity, match="JSON cannot hold"):
        love(extra_context=extra)


def test_extra_context_must_be_a_dict():
    with pytest.raises(InvalidActivity, match="must be a dict, not list"):
        love(extra_context=["a"])


def test_extra_context_is_a_copy():
    extra = {"a": [1]}
    activity = love(extra_context=extra)
    extra["a"].append(2)

    assert activity.extra_context == {"a": [1]}


def test_an_unsaved_object_is_refused():
    with pytest.raises(InvalidReference, match="The object <Pin: pin None> is not saved yet"):
        love(object=Pin())


def test_what_is_no_verb_is_refused():
    with pytest.raises(InvalidActivity, match="'love' is no Verb"):
        love(verb="love")


def test_activities_compare_by_id_and_with_nothing_else():
    assert love() == love()
    assert love() != love(actor=2)
    assert (love() == None) is False  # noqa: E711 - the ancestor raised here
    assert love() < love(time=NOON + timedelta(seconds=1))
    assert len({love(), love()}) == 1
    with pytest.raises(TypeError):
        love() < 5  # noqa: B015


def test_an_activity_reads_as_a_sentence():
    activity = Activity(User(pk=1, username="ann"), PinVerb, Pin(pk=42, note="tea"), Board(pk=1, name="Drinks"))

    assert str(activity) == "ann pinned tea to Drinks"
    assert str(love()) == "auth.User:1 loved pin 42"


@pytest.mark.parametrize(
    "extra",
    [{}, {"note": "a;b"}, {"n": 59}, {"s": "x" * 59}, {"deep": {"list": [1, None, "é", 1.5]}}, {"quote": "\"'\\"}],
)
def test_bodies_come_back(extra):
    activity = love(target=Board(pk=3), extra_context=extra)

    back = serializers.loads_many({activity.id: serializers.dumps(activity)})[activity.id]

    assert back == activity
    assert back.extra_context == extra
    assert back.time == activity.time
    assert [back.actor_reference, back.object_reference, back.target_reference] == [
        activity.actor_reference,
        activity.object_reference,
        activity.target_reference,
    ]
    assert back.verb == activity.verb


def test_a_body_is_small_json():
    assert serializers.dumps(love(time=NOON.replace(microsecond=0))) == '["1",3,"testapp.Pin:42"]'


def test_a_body_names_users_by_their_pk_alone_whatever_they_are_in_it():
    activity = Activity(User(pk=1), Love, User(pk=2), User(pk=3), NOON.replace(microsecond=0))

    body = serializers.dumps(activity)

    assert body == '["1",3,"2","3"]'
    back = serializers.loads_many({activity.id: body})[activity.id]
    assert back.references() == activity.references()


def test_a_body_with_an_unknown_verb_can_be_read():
    activity = love()
    body = serializers.dumps(activity).replace(",3,", ",999,")

    assert (
        str(serializers.loads_many({activity.id: body})[activity.id]) == "auth.User:1 did something with testapp.Pin:42"
    )


class Counted(Activity):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.parts = len(args)


def test_a_subclass_with_a_beginning_of_its_own_has_it_read_too():
    activity = love(extra_context={"note": "warm"})

    back = serializers.loads_many({activity.id: serializers.dumps(activity)}, Counted)[activity.id]

    assert type(back) is Counted
    assert back.parts == 6
    assert (back.id, back.time, back.extra_context) == (activity.id, activity.time, {"note": "warm"})
