import pytest
from django.contrib.auth.models import User
from django.utils.safestring import SafeString

from django_feeds.exceptions import FeedsConfigurationError, UnknownFeed, UnknownManager, UnknownStorage
from django_feeds.feeds import Feed
from django_feeds.managers import Manager
from django_feeds.registry import get_feed, get_feed_class, get_manager, managers
from django_feeds.storage import get_storage
from django_feeds.storage.database import DatabaseStorage
from django_feeds.storage.memory import MemoryStorage


class HouseFeed(Feed):
    max_length = 7


class HouseManager(Manager):
    pass


house_manager = HouseManager()


@pytest.fixture
def configure(settings):
    def configure(**values):
        settings.DJANGO_FEEDS = values

    configure()
    return configure


def test_without_settings_everything_is_there(configure):
    timeline = get_feed_class("timeline")

    assert (timeline.key_format, timeline.max_length, timeline.storage) == ("timeline:%(user_id)s", 1_000, "default")
    assert isinstance(timeline.get_storage(), DatabaseStorage)
    assert get_manager().feed_classes == {"timeline": timeline}
    assert get_manager().user_feed_class is get_feed_class("user")


def test_without_the_setting_itself_too(settings):
    del settings.DJANGO_FEEDS

    assert get_feed_class("user").max_length == 100_000


def test_feeds_and_managers_come_from_the_settings(configure):
    configure(
        STORAGES={"scratch": {"BACKEND": "django_feeds.storage.memory.MemoryStorage"}},
        FEEDS={
            "house": {"CLASS": "tests.registry.test_registry.HouseFeed", "STORAGE": "scratch"},
            "own": {"MAX_LENGTH": 50},
        },
        MANAGERS={
            "default": {"USER_FEED": "own", "FEEDS": ["house"], "CLASS": "tests.registry.test_registry.HouseManager"}
        },
    )

    house = get_feed_class("house")
    assert issubclass(house, HouseFeed)
    assert (house.max_length, house.key_format) == (7, "house:%(user_id)s")
    assert isinstance(house.get_storage(), MemoryStorage)
    assert isinstance(get_manager(), HouseManager)
    assert [manager.name for manager in managers()] == ["default"]


def test_settings_are_read_on_use(configure):
    before = get_feed_class("timeline")
    configure(FEEDS={"timeline": {"MAX_LENGTH": 3}, "user": {}})

    assert get_feed_class("timeline") is not before
    assert get_feed_class("timeline").max_length == 3


def test_storages_that_need_no_settings_are_always_there(configure):
    configure(STORAGES={})

    assert isinstance(get_storage("default"), DatabaseStorage)
    assert isinstance(get_storage("memory"), MemoryStorage)


def test_a_manager_is_found_by_its_dotted_path_as_a_class_or_an_instance(configure):
    assert isinstance(get_manager("tests.registry.test_registry.HouseManager"), HouseManager)
    assert get_manager("tests.registry.test_registry.house_manager") is house_manager
    assert house_manager.name == "tests.registry.test_registry.HouseManager"


def test_the_safe_strings_of_templates_name_the_same_feeds(configure):
    assert get_feed_class(SafeString("user")) is get_feed_class("user")
    assert get_feed(SafeString("timeline"), 1).reader.manager is get_manager(SafeString("default"))


def test_a_feed_of_a_manager_can_go_on_by_pull_and_is_looked_at_by_its_owner(configure):
    ann = User(pk=1)

    assert get_feed("timeline", ann).viewer is ann
    assert get_feed("timeline", ann).reader is not None
    assert get_feed("user", ann).viewer is None


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({}, UnknownFeed, r"DJANGO_FEEDS['FEEDS'] has no 'house'; it has: notifications, timeline, user"),
        (
            {"FEEDS": {"house": {"CLASS": "nowhere.Feed"}}},
            UnknownFeed,
            "names 'nowhere.Feed', which cannot be imported",
        ),
        ({"FEEDS": {"house": {"CLASS": "decimal.Decimal"}}}, UnknownFeed, "which is no subclass of Feed"),
        ({"FEEDS": {"house": {"LENGTH": 5}}}, UnknownFeed, "has the unknown option 'LENGTH'"),
        ({"FEEDS": {"house": {"MAX_LENGTH": 0}}}, UnknownFeed, "['MAX_LENGTH'] must be 1 or more, not 0"),
    ],
)
def test_a_feed_that_cannot_be_made_names_the_setting(configure, values, error, message):
    configure(**values)

    with pytest.raises(error) as caught:
        get_feed_class("house")

    assert message in str(caught.value)


def test_a_feed_on_a_storage_that_is_not_there_shows_the_lines_to_add(configure):
    configure(FEEDS={"house": {"STORAGE": "redis"}}, MANAGERS={})

    with pytest.raises(UnknownStorage, match=r'DJANGO_FEEDS = \{"STORAGES": \{"redis"'):
        get_feed("house", 1).count()


def test_a_backend_that_cannot_be_imported_names_the_setting(configure):
    configure(STORAGES={"default": {"BACKEND": "nowhere.Storage"}})

    with pytest.raises(UnknownStorage, match=r"\['default'\] names the BACKEND 'nowhere.Storage'"):
        get_storage("default")


@pytest.mark.parametrize("name", ["nobody", "nowhere.Manager"])
def test_a_manager_that_is_not_there_names_the_setting(configure, name):
    with pytest.raises(UnknownManager, match=r"DJANGO_FEEDS\['MANAGERS'\]"):
        get_manager(name)


def test_a_manager_asked_for_a_feed_that_it_does_not_fill_says_which_it_fills():
    with pytest.raises(UnknownFeed, match="HouseManager has no own feeds"):
        house_manager.get_user_feed(1)
    with pytest.raises(UnknownFeed, match="has no feed 'x'"):
        house_manager.feed_class_named("x")


def test_a_setting_that_is_no_dict_is_refused(settings):
    settings.DJANGO_FEEDS = ["timeline"]

    with pytest.raises(FeedsConfigurationError, match="must be a dict, not list"):
        get_feed_class("timeline")
