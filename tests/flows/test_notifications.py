"""Who is told, what is new to him, and that counts are right whatever happens."""

from __future__ import annotations

from datetime import timedelta
from time import sleep
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from django_feeds.exceptions import InvalidSlice, NotInFeed
from django_feeds.models import ActivityRecord, NotificationPreference, RecordRecipient, VerbRecord
from django_feeds.registry import get_feed, get_feed_class, get_manager
from django_feeds.sources import pause_tracking, source_of
from django_feeds.verbs import Comment
from django_feeds.verbs import Love as LoveVerb
from tests import storages
from tests.testapp.models import Love, Remark

from .site import NOON

TICK = 0.003
"""Seconds after which a clock of milliseconds shows another time."""


def declared(storage):
    return {
        "FEEDS": {
            "user": {"STORAGE": storage, "MAX_LENGTH": 200},
            "timeline": {"STORAGE": storage, "MAX_LENGTH": 50},
            "notifications": {
                "CLASS": "django_feeds.feeds.NotificationFeed",
                "STORAGE": storage,
                "MAX_LENGTH": 50,
            },
        },
        "FANOUT_CHUNK_SIZE": 2,
        "STORAGES": storages.declared(storage),
    }


@pytest.fixture
def site(site, storage, settings):
    settings.DJANGO_FEEDS = declared(storage)
    return site


def love(user, pin, minute=0):
    sleep(TICK)
    return Love.objects.create(user=user, pin=pin, created_at=NOON + timedelta(minutes=minute))


def remark(user, pin, text="", parent=None, minute=0):
    sleep(TICK)
    return Remark.objects.create(
        user=user, pin=pin, text=text, parent=parent, created_at=NOON + timedelta(minutes=minute)
    )


def notifications(user):
    return get_feed("notifications", user)


def counts(user):
    """(unseen, unread), the same by each way to ask."""
    feed = notifications(user)
    page = feed.page()
    assert (page.unseen, page.unread) == (feed.count_unseen(), feed.count_unread())
    assert feed.get_notification_data() == {"unseen_count": page.unseen, "unread_count": page.unread}
    assert page.unseen == sum(not group.is_seen for group in feed[:])
    assert page.unread == sum(not group.is_read for group in feed[:])
    return page.unseen, page.unread


def whole(site, user):
    """Let the timeline be complete, as it is when its owner has read it."""
    site.work()
    notifications(user).page()
    site.work()


def people(number):
    return [User.objects.create(username=f"user{n}") for n in range(number)]


# Who is told


def test_one_whose_pin_is_loved_is_told(any_site):
    site = any_site
    pin = site.pin(site.bob)
    love(site.ann, pin, 1)
    love(site.cleo, pin, 2)
    site.work()

    (group,) = notifications(site.bob).page()

    assert [activity.actor for activity in group.activities] == [site.cleo, site.ann]
    assert (group.activity_count, group.actor_count, group.objects) == (2, 2, [pin])
    assert (group.is_seen, group.is_read) == (False, False)
    assert counts(site.bob) == (1, 1)
    assert counts(site.ann) == counts(site.cleo) == (0, 0)


def test_nobody_is_told_what_he_does_himself(site):
    pin = site.pin(site.bob)
    love(site.bob, pin)
    remark(site.bob, pin, "@bob @ann")
    site.work()

    assert counts(site.bob) == (0, 0)
    assert counts(site.ann) == (1, 1)


def test_mentions_and_answers_are_told_each_once(site):
    pin = site.pin(site.bob)
    first = remark(site.ann, pin, "Look, @cleo, @cleo. And @nobody, me@bob and @bob!", minute=1)
    remark(site.bob, pin, "Yes @ann.", parent=first, minute=2)
    site.work()

    for user, told in ((site.ann, 1), (site.bob, 1), (site.cleo, 1)):
        assert notifications(user).page().items[0].activity_count == told
    assert RecordRecipient.objects.count() == 3


def test_who_is_deactivated_is_not_mentioned(site):
    User.objects.filter(pk=site.cleo.pk).update(is_active=False)
    remark(site.ann, site.pin(site.bob), "@cleo")

    assert not RecordRecipient.objects.filter(owner=str(site.cleo.pk)).exists()


@pytest.mark.parametrize("how", ["mute_user", "block_user"])
def test_a_sender_who_is_muted_is_silent_then_and_later(site, how):
    pin = site.pin(site.bob)
    love(site.cleo, pin, 1)
    site.work()
    assert counts(site.bob) == (1, 1)

    getattr(get_manager(), how)(site.bob, site.cleo)
    love(site.cleo, site.pin(site.bob, minute=1), 2)
    love(site.ann, pin, 3)
    site.work()

    (group,) = notifications(site.bob).page()
    assert [activity.actor for activity in group.activities] == [site.ann]
    assert (group.activity_count, group.actor_count) == (1, 1)
    assert counts(site.bob) == (1, 1)

    get_manager().unmute_user(site.bob, site.cleo)

    (group,) = notifications(site.bob).page()
    assert group.actor_count == 2, "what came before the mute is there again, and what came meanwhile was not told"


def test_a_verb_that_is_switched_off_is_not_told(site):
    verb, _ = VerbRecord.objects.get_or_create(id=LoveVerb.id, defaults={"infinitive": "love", "past_tense": "loved"})
    preference = NotificationPreference.objects.create(user=site.bob, verb=verb, enabled=False)
    pin = site.pin(site.bob)
    loved = love(site.ann, pin, 1)
    remark(site.ann, pin, minute=2)
    site.work()

    (group,) = notifications(site.bob).page()
    assert group.verb.id == Comment.id

    preference.enabled = True
    preference.save()
    loved.created_at += timedelta(seconds=1)
    loved.save()
    site.work()
    assert len(notifications(site.bob)) == 1, "what was decided stays, also when the row is saved again"


def test_what_is_taken_back_is_told_no_more(any_site):
    site = any_site
    pin = site.pin(site.bob)
    loves = [love(user, pin, minute) for minute, user in enumerate((site.ann, site.cleo))]
    site.work()
    loves[1].delete()
    site.work()

    (group,) = notifications(site.bob).page()
    assert (group.activity_count, group.actor_count) == (1, 1)

    loves[0].delete()
    site.work()
    assert notifications(site.bob)[:] == []
    assert counts(site.bob) == (0, 0)


def test_one_who_is_named_no_more_is_told_no_more(any_site):
    site = any_site
    said = remark(site.ann, site.pin(site.bob), "@cleo")
    site.work()
    said.text = ""
    said.save()
    site.work()

    assert counts(site.cleo) == (0, 0)
    assert counts(site.bob) == (1, 1)


def test_a_time_that_changes_leaves_one_entry(any_site):
    site = any_site
    loved = love(site.ann, site.pin(site.bob), 1)
    site.work()
    loved.created_at = NOON + timedelta(minutes=7)
    loved.save()
    site.work()

    feed = notifications(site.bob)
    assert [group.activity_count for group in feed] == [1]
    assert site.stored(feed) == 1


def test_deleting_somebody_deletes_what_he_was_told_and_what_he_told(any_site):
    site = any_site
    love(site.ann, site.pin(site.bob), 1)
    love(site.bob, site.pin(site.cleo), 1)
    site.work()
    notifications(site.bob).mark_all()
    owner, feed = str(site.bob.pk), notifications(site.bob)

    site.bob.delete()
    site.work()

    assert not RecordRecipient.objects.filter(owner=owner).exists()
    assert feed.floor() is None
    assert feed.get_storage().marks(feed.key) == {}
    assert counts(site.cleo) == (0, 0)


def test_history_tells_nobody(site):
    pin = site.pin(site.bob)
    with pause_tracking():
        loved = love(site.ann, pin)
    activity = get_activity(loved)
    get_manager().batch_import(site.ann, [activity], fanout=False)
    site.work()

    assert counts(site.bob) == (0, 0)
    assert not RecordRecipient.objects.exists()


def get_activity(loved):
    return source_of(Love).activity(loved)


def test_publish_names_recipients_too(site):
    activity = get_activity(love(site.ann, site.pin(site.bob)))
    get_manager().publish(activity, recipients=[site.cleo, site.ann])
    site.work()

    assert counts(site.cleo) == (1, 1)
    assert counts(site.ann) == counts(site.bob) == (0, 0), "the publication that counts is the last"


# Seen and read


def test_seen_and_read_are_independent(site):
    """W-19: every storage keeps both."""
    feed = notifications(site.bob)
    pins = [site.pin(site.bob, minute=minute) for minute in range(3)]
    for minute, pin in enumerate(pins):
        love(site.ann, pin, minute)
    site.work()
    newest, middle, oldest = feed[:]

    feed.mark_activity(newest)
    assert counts(site.bob) == (2, 3)
    feed.mark_activity(middle.id, seen=False, read=True)
    assert counts(site.bob) == (2, 2)
    feed.mark_activities([oldest.last_activity, str(newest.last_activity.id)], seen=True, read=True)
    assert counts(site.bob) == (1, 0)
    assert [(group.is_seen, group.is_read) for group in feed] == [(True, True), (False, True), (True, True)]
    assert [bool(at) for at in (feed[0].seen_at, feed[0].read_at, feed[1].seen_at)] == [True, True, False]

    feed.mark_all()
    assert counts(site.bob) == (0, 0)


@pytest.mark.parametrize("how", ["one", "all"])
def test_a_new_member_makes_a_group_new_again(any_site, how):
    site = any_site
    pin, other = site.pin(site.bob), site.pin(site.bob, minute=1)
    love(site.ann, pin, 1)
    love(site.ann, other, 2)
    site.work()
    feed = notifications(site.bob)
    if how == "one":
        feed.mark_activities([group.id for group in feed], seen=True, read=True)
    else:
        feed.mark_all(seen=True, read=True)
    assert counts(site.bob) == (0, 0)

    love(site.cleo, pin, 3)
    site.work()

    assert counts(site.bob) == (1, 1)
    assert [group.is_read for group in feed] == [False, True]
    assert feed[0].activity_count == 2


def test_what_arrives_late_is_new_though_it_is_older_than_what_was_seen(site):
    pin = site.pin(site.bob)
    love(site.cleo, site.pin(site.bob), 0)
    whole(site, site.bob)
    late = love(site.ann, pin, 1)
    site.held.commit()
    waiting = list(site.held)
    site.held.clear()
    love(site.cleo, site.pin(site.bob, minute=1), 9)
    site.work()
    feed = notifications(site.bob)
    feed.mark_all(seen=True, read=True)

    sleep(TICK)
    site.held.extend(waiting)
    site.work()

    assert counts(site.bob) == (1, 1)
    assert feed[1].activities[0].object == late.pin
    assert (feed[1].is_seen, feed[1].is_read) == (False, False)


def test_what_came_after_the_page_stays_new(site):
    """W-08: marking all marks what was shown."""
    pin = site.pin(site.bob)
    love(site.ann, pin, 1)
    site.work()
    feed = notifications(site.bob)
    page = feed.page()
    love(site.cleo, pin, 2)
    love(site.cleo, site.pin(site.bob, minute=1), 3)
    site.work()

    feed.mark_all(seen=True, read=True, up_to=page.up_to)
    assert counts(site.bob) == (2, 2)
    feed.mark_activities([page.items[0]], read=True, up_to=page.up_to)
    assert counts(site.bob) == (2, 2)
    feed.mark_activities([page.items[0]], read=True)
    assert counts(site.bob) == (1, 1)


def test_a_mark_in_the_future_marks_what_there_is(site):
    love(site.ann, site.pin(site.bob), 1)
    site.work()
    feed = notifications(site.bob)
    feed.mark_all(read=True, up_to=2**47)
    love(site.ann, site.pin(site.bob, minute=1), 2)
    site.work()

    assert counts(site.bob) == (1, 1)


def test_reading_marks_what_is_shown_where_asked_for(site):
    for minute in range(3):
        love(site.ann, site.pin(site.bob, minute=minute), minute)
    site.work()
    feed = notifications(site.bob)

    page = feed.page(limit=2, mark_seen=True)
    assert [group.is_seen for group in page] == [False, False], "as it was before"
    assert (page.unseen, page.unread) == (3, 3)
    assert counts(site.bob) == (1, 3)
    feed.page(page.next, limit=2, mark_seen=True, mark_read=True)
    assert counts(site.bob) == (0, 2)


def test_only_what_was_not_read(site):
    for minute in range(6):
        love(site.ann, site.pin(site.bob, minute=minute), minute)
    site.work()
    feed = notifications(site.bob)
    groups = feed[:]
    feed.mark_activities(groups[::2], read=True)

    page = feed.page(limit=2, unread=True)
    rest = feed.page(page.next, limit=2, unread=True)

    assert [*page, *rest] == groups[1::2]
    assert rest.next is None
    assert (page.unread, rest.unread) == (3, 3)


def test_counts_are_right_after_a_cut(site):
    """W-08: what was cut off is not unread for ever."""
    for minute in range(4):
        love(site.ann, site.pin(site.bob, minute=minute), minute)
    whole(site, site.bob)
    feed = get_feed_class("notifications")(site.bob)  # which does not go on by pull
    feed.mark_activity(feed[1])
    feed.trim(2)

    assert [group.is_seen for group in feed] == [False, True]
    assert feed.counts() == {"unseen": 1, "unread": 2}


def test_doing_it_twice_changes_nothing(site):
    """W-08: a task that runs again counts nothing twice."""
    pin = site.pin(site.bob)
    loved = love(site.ann, pin, 1)
    site.work()
    feed = notifications(site.bob)
    feed.mark_all(seen=True, read=True)
    before = feed.get_storage().marks(feed.key)

    feed.mark_all(seen=True, read=True)
    feed.mark_activities([group.id for group in feed], read=True)
    loved.save()
    site.work()

    assert feed.get_storage().marks(feed.key) == before
    assert counts(site.bob) == (0, 0)


def test_an_edit_is_no_news(any_site):
    site = any_site
    said = remark(site.ann, site.pin(site.bob), "a")
    site.work()
    notifications(site.bob).mark_all(read=True)
    said.text = "b"
    said.save()
    site.work()

    assert counts(site.bob) == (0, 0)


def test_a_timeline_that_was_lost_comes_back_and_what_was_read_stays_read(any_site):
    site = any_site
    for minute in range(4):
        love(site.ann, site.pin(site.bob, minute=minute), minute)
    site.work()
    feed = notifications(site.bob)
    feed.mark_all(seen=True, read=True)
    love(site.ann, site.pin(site.bob, minute=9), 9)
    site.work()
    before = [(group.id, group.is_read) for group in feed]

    feed.get_storage().delete([feed.key])
    assert [(group.id, group.is_read) for group in feed] == before, "by pull"
    site.work()

    assert [(group.id, group.is_read) for group in feed] == before
    assert site.stored(feed) == 5
    assert counts(site.bob) == (1, 1)


def test_what_is_not_on_the_feed_cannot_be_marked(site):
    pin = site.pin(site.bob)
    love(site.ann, pin, 1)
    love(site.bob, site.pin(site.cleo), 2)
    site.work()
    feed = notifications(site.bob)
    (others,) = notifications(site.cleo)

    for id in (others, others.id, others.last_activity, uuid4(), "0123456789ab"):
        with pytest.raises(NotInFeed):
            feed.mark_activity(id, read=True)
    with pytest.raises(NotInFeed):
        feed.mark_activities([others.id, *feed], read=True)
    assert counts(site.bob) == (0, 0), "the others were marked"
    assert counts(site.cleo) == (1, 1)
    for id in ("", "nonsense", 5, None):
        with pytest.raises(ValueError, match="neither|id"):
            feed.mark_activity(id)
    for up_to in (-1, "5", 1.5, True):
        with pytest.raises(InvalidSlice, match="up_to"):
            feed.mark_all(up_to=up_to)


def test_delete_forgets_the_marks_too(site):
    love(site.ann, site.pin(site.bob), 1)
    site.work()
    feed = notifications(site.bob)
    feed.mark_all()
    feed.delete()

    assert feed.get_storage().marks(feed.key) == {}


def test_marks_of_groups_that_are_gone_are_forgotten(site, storage):
    class Short(type(notifications(site.bob))):
        max_length = 2

    feed = Short(site.bob)
    for minute in range(8):
        feed.add(get_activity(love(site.ann, site.pin(site.bob, minute=minute), minute)))
        feed.mark_activity(feed[0], read=True)

    assert len(feed.get_storage().marks(feed.key)) <= 5
    assert feed.counts() == {"unseen": 0, "unread": 0}


def test_tracking_can_be_switched_off(site):
    class Plain(type(notifications(site.bob))):
        track_unseen = track_unread = False

    feed = Plain(site.bob)
    feed.add(get_activity(love(site.ann, site.pin(site.bob))))

    assert feed.counts() == {"unseen": 0, "unread": 0}
    assert [(group.is_seen, group.is_read) for group in feed] == [(True, True)]


# Round trips


def test_fan_out_costs_the_same_whoever_is_told(site, django_assert_num_queries):
    """One task for many who are told, and none of them is read in the request."""
    many = people(5)
    activity = get_activity(love(site.ann, site.pin(site.bob)))
    site.held.commit()
    site.held.clear()
    get_manager().publish(activity, recipients=many)
    site.held.commit()
    assert [task.name for task, _args in site.held] == ["django_feeds.fan_out"]

    site.held.run()

    named = [(task.name, args) for task, args in site.held]
    assert [name for name, _args in named][:3] == ["django_feeds.notify"] * 3, "by FANOUT_CHUNK_SIZE"
    site.work()
    assert all(counts(user) == (1, 1) for user in many)


def test_the_record_says_whom_it_named(site):
    remark(site.ann, site.pin(site.bob), "@cleo @ann")
    record = ActivityRecord.objects.get(verb_id=Comment.id)

    assert record.recipients == [str(site.bob.pk), str(site.cleo.pk), str(site.ann.pk)]
    assert set(record.told.values_list("owner", flat=True)) == {str(site.bob.pk), str(site.cleo.pk)}
