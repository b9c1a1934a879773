"""The settings: one dict, `DJANGO_FEEDS`, read on use, with defaults that work without it."""

from __future__ import annotations

from typing import Any

from django.conf import settings as django_settings

from .exceptions import FeedsConfigurationError

__all__ = ["DEFAULTS", "IMPLICIT_FEEDS", "IMPLICIT_STORAGES", "completed", "get"]

DATABASE_BACKEND = "django_feeds.storage.database.DatabaseStorage"

# Storages that need no settings are there under their own names too.
IMPLICIT_STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": DATABASE_BACKEND},
    "database": {"BACKEND": DATABASE_BACKEND},
    "memory": {"BACKEND": "django_feeds.storage.memory.MemoryStorage"},
}

# A feed that is there whatever FEEDS says, so that the default manager has one for those whom a source names.
IMPLICIT_FEEDS: dict[str, dict[str, Any]] = {
    "notifications": {"CLASS": "django_feeds.feeds.NotificationFeed", "MAX_LENGTH": 200},
}

DEFAULTS: dict[str, Any] = {
    # Where timelines are kept, by alias: BACKEND (dotted path) and OPTIONS.
    "STORAGES": IMPLICIT_STORAGES,
    # Which feeds there are, by alias: CLASS (dotted path), STORAGE (alias), MAX_LENGTH, KEY_FORMAT, LIVE (do open pages
    # hear of what comes in?), and AGGREGATOR (a dotted path, a template, or CLASS and OPTIONS) of those that group.
    "FEEDS": {
        "user": {"CLASS": "django_feeds.feeds.Feed", "MAX_LENGTH": 100_000},
        "timeline": {"CLASS": "django_feeds.feeds.Feed", "MAX_LENGTH": 1_000},
        **IMPLICIT_FEEDS,
    },
    # Who fills them, by alias: USER_FEED (the own feed), FEEDS (those of followers), NOTIFICATIONS (of who is told),
    # CLASS (dotted path).
    "MANAGERS": {"default": {"USER_FEED": "user", "FEEDS": ["timeline"], "NOTIFICATIONS": "notifications"}},
    # The zone whose midnight cuts days in groups; None: Django's TIME_ZONE.
    "TIME_ZONE": None,
    # "celery" or "inline"; None: celery where a broker is configured, else inline.
    "TASKS": None,
    # The Celery queue of each FanoutPriority; None: Celery's default queue.
    "QUEUES": {"high": None, "low": None},
    # Timelines settled by one task.
    "FANOUT_CHUNK_SIZE": 2_000,
    # Put one's own activities into one's own timeline?
    "INCLUDE_OWN": False,
    # Models whose rows the follow views accept, besides the user model, as "app.Model".
    "FOLLOWABLE": [],
    # Activities on one page of the views and of {% render_feed %}.
    "PAGE_SIZE": 25,
    # False: models cause no activities, as inside pause_tracking().
    "TRACKING": True,
    # Seconds between two looks at a live feed, for an open page, where the storage cannot tell of news itself.
    "LIVE_INTERVAL": 1.0,
    # Seconds of silence after which an open stream says that it is still there, and looks whether its user is.
    "LIVE_HEARTBEAT": 15,
    # Seconds after which a stream ends; the browser opens another by itself.
    "LIVE_LIFETIME": 900,
    # The beginning of absolute links, in e-mails: "https://example.com"; None: no links.
    "SITE_URL": None,
    # What makes the e-mail digests of notifications: the dotted path of a subclass of this.
    "DIGEST": "django_feeds.digests.Digest",
}


def get(name: str) -> Any:
    """The value of one setting; raises FeedsConfigurationError for a name that is not in DEFAULTS."""
    configured = getattr(django_settings, "DJANGO_FEEDS", {})
    if not isinstance(configured, dict):
        raise FeedsConfigurationError(f"DJANGO_FEEDS must be a dict, not {type(configured).__name__}.")
    if name not in DEFAULTS:
        raise FeedsConfigurationError(f"django_feeds has no setting {name!r}; it has {', '.join(DEFAULTS)}.")
    return completed(name, configured.get(name, DEFAULTS[name]))


def completed(name: str, value: Any) -> Any:
    """This value of a setting, and what is there without being said."""
    if name != "FEEDS" or not isinstance(value, dict):
        return value
    return {**value, **{alias: options for alias, options in IMPLICIT_FEEDS.items() if alias not in value}}
