from io import StringIO

import pytest
from django.core.checks import Tags, run_checks
from django.core.management import call_command

from django_feeds.models import Grouping, VerbRecord

pytestmark = pytest.mark.django_db


def found():
    messages = run_checks(tags=[Tags.database], databases=["default"])
    return [message for message in messages if message.id.startswith("django_feeds.")]


def test_after_migrate_verbs_are_mirrored():
    assert found() == []


@pytest.mark.parametrize("change", [{"past_tense": "nailed"}, {"path": "tests.old.Pin"}])
def test_a_verb_that_changed_is_found(change):
    VerbRecord.objects.filter(pk=105).update(**change)

    (message,) = found()

    assert message.id == "django_feeds.I001"
    assert message.msg.endswith("as they are in the code: pin.")


def test_migrate_mends_it():
    VerbRecord.objects.filter(pk=105).delete()

    call_command("migrate", stdout=StringIO(), stderr=StringIO())

    assert found() == []


def test_other_databases_are_left_alone():
    VerbRecord.objects.all().delete()

    assert not [m for m in run_checks(tags=[Tags.database], databases=[]) if m.id.startswith("django_feeds.")]


def test_a_feed_that_is_grouped_otherwise_than_it_was_filled_is_found(settings):
    Grouping.objects.filter(feed="notifications").update(fingerprint="pins.aggregators.ByHour")

    (message,) = found()

    assert message.id == "django_feeds.W007"
    assert "'notifications' was grouped by pins.aggregators.ByHour" in message.msg
    assert message.hint == "manage.py rebuild_feeds --manager default --feed notifications"


def test_a_feed_that_is_new_is_taken_as_it_is():
    Grouping.objects.all().delete()

    assert found() == []
