import pytest
from django.core.management import CommandError, call_command

from django_feeds import sources

DATABASE = "django_feeds.storage.database.DatabaseStorage"


@pytest.fixture(autouse=True)
def no_sources(monkeypatch):
    """They name the manager "default"."""
    monkeypatch.setattr(sources, "_sources", {})


def test_sound_settings_are_silent(ids):
    assert ids() == []
    assert (
        ids(
            STORAGES={"default": {"BACKEND": DATABASE}, "fast": {"BACKEND": DATABASE, "OPTIONS": {}}},
            FEEDS={
                "user": {"MAX_LENGTH": 5_000},
                "timeline": {"CLASS": "django_feeds.feeds.Feed", "STORAGE": "fast", "MAX_LENGTH": 5_000},
                "archive": {"STORAGE": "memory", "KEY_FORMAT": "a:%(user_id)s", "MAX_LENGTH": 10},
            },
            MANAGERS={"default": {"USER_FEED": "user", "FEEDS": ["timeline", "archive"]}},
            QUEUES={"high": "feeds", "low": None},
            FOLLOWABLE=["testapp.Board", "auth.User"],
            FANOUT_CHUNK_SIZE=100,
            INCLUDE_OWN=True,
        )
        == []
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], "E001"),
        ("timeline", "E001"),
        ({"FEED": {}}, "E002"),
        ({"feeds": {}}, "E002"),
        ({"STORAGES": []}, "E003"),
        ({"STORAGES": {"fast": DATABASE}}, "E003"),
        ({"FEEDS": ["timeline"], "MANAGERS": {}}, "E003"),
        ({"MANAGERS": {"default": ["timeline"]}}, "E003"),
        ({"STORAGES": {"fast": {"BACKEND": DATABASE, "CACHE": "feeds"}}}, "E004"),
        ({"FEEDS": {"timeline": {"LENGTH": 5}}, "MANAGERS": {}}, "E004"),
        ({"MANAGERS": {"default": {"USERFEED": "user"}}}, "E004"),
        ({"FANOUT_CHUNK_SIZE": 0}, "E005"),
        ({"FANOUT_CHUNK_SIZE": "1000"}, "E005"),
        ({"PAGE_SIZE": 5_000}, "E005"),
        ({"PAGE_SIZE": True}, "E005"),
        ({"INCLUDE_OWN": "yes"}, "E005"),
        ({"TRACKING": None}, "E005"),
        ({"SITE_URL": "example.com"}, "E005"),
        ({"SITE_URL": "https://example.com/feeds/"}, "E005"),
        ({"SITE_URL": "https://[example.com"}, "E005"),
        ({"SITE_URL": True}, "E005"),
        ({"DIGEST": "django_feeds.digests.Digets"}, "E005"),
        ({"DIGEST": "django_feeds.models.Follow"}, "E005"),
        ({"DIGEST": None}, "E005"),
        ({"TASKS": "thread"}, "E006"),
        ({"QUEUES": ["high"]}, "E007"),
        ({"QUEUES": {"medium": "feeds"}}, "E007"),
        ({"QUEUES": {"high": 5}}, "E007"),
        ({"FOLLOWABLE": "testapp.Board"}, "E008"),
        ({"FOLLOWABLE": ["testapp.Bord"]}, "E008"),
        ({"FOLLOWABLE": ["Board", "testapp.Board"]}, "E008"),
        ({"FOLLOWABLE": [5]}, "E008"),
    ],
)
def test_a_wrong_setting_is_found_once(ids, value, expected):
    if isinstance(value, dict):
        value = {"TASKS": "inline", **value}

    assert ids(value) == [expected]


def test_naive_times_are_found(ids, settings):
    settings.USE_TZ = False

    assert ids() == ["E009"]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ({"FEED": {}}, "Did you mean 'FEEDS'?"),
        ({"feeds": {}}, "Did you mean 'FEEDS'?"),
        ({"COLOUR": 1}, "There are: DIGEST, FANOUT_CHUNK_SIZE, FEEDS, "),
        ({"FEEDS": {"timeline": {"MAXLENGTH": 5}}, "MANAGERS": {}}, "Did you mean 'MAX_LENGTH'?"),
        ({"MANAGERS": {"default": {"FEED": []}}}, "Did you mean 'FEEDS'?"),
    ],
)
def test_the_hint_knows_the_word(found, value, hint):
    (message,) = found({"TASKS": "inline", **value})

    assert message.hint.startswith(hint)


def test_each_message_says_what_to_write(found):
    (message,) = found({"TASKS": "inline", "STORAGES": {"fast": DATABASE}})

    assert message.msg == f"DJANGO_FEEDS['STORAGES']['fast'] must be a dict, not '{DATABASE}'."
    assert message.hint == f'For example "STORAGES": {{"default": {{"BACKEND": "{DATABASE}"}}}}'


@pytest.mark.django_db  # from Django 6.1 on, it looks into the database too
def test_manage_py_check_fails(settings):
    settings.DJANGO_FEEDS = {"TASKS": "inline", "FEED": {}}

    with pytest.raises(CommandError, match=r"\(django_feeds.E002\) DJANGO_FEEDS has the unknown setting 'FEED'"):
        call_command("check")


@pytest.mark.parametrize("name", ["LIVE_INTERVAL", "LIVE_HEARTBEAT", "LIVE_LIFETIME"])
@pytest.mark.parametrize("value", [0, -1, True, "15", None, float("nan"), float("inf"), 10**9])
def test_times_of_streams_are_seconds(found, name, value):
    (message,) = found(**{name: value})

    assert (message.id, message.msg.startswith(f"DJANGO_FEEDS['{name}'] must be a number of seconds")) == (
        "django_feeds.E005",
        True,
    )


def test_fractions_of_seconds_are_fine(ids):
    assert ids(LIVE_INTERVAL=0.5, LIVE_HEARTBEAT=20, LIVE_LIFETIME=3600) == []


def test_live_is_yes_or_no(found):
    (message,) = found(FEEDS={"user": {}, "timeline": {"LIVE": "no"}}, MANAGERS={})

    assert message.id == "django_feeds.E005"
    assert "DJANGO_FEEDS['FEEDS']['timeline']['LIVE'] must be True or False, not 'no'" in message.msg
