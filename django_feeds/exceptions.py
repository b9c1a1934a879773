"""
What django_feeds raises.

FeedsError                        catch it to catch all of them
├── InvalidActivity               (ValueError) an activity that cannot be what it says
│   └── InvalidReference          ... because its actor, object or target cannot be named
├── NotHydrated                   (AttributeError) only the id of a reference is known here
├── UnknownVerb                   (KeyError) no verb is registered under this id
├── InvalidCursor                 (ValueError) not a cursor that a page of this feed gave
├── InvalidSlice                  (ValueError) a slice or filter that a feed cannot answer
├── NotInFeed                     (ValueError) the activity has no place in this feed
├── ActivityNotFound              (ValueError) the activity is not in this group
├── DuplicateActivity             (ValueError) the activity is in this group already
├── OffsetTooDeep                 (ValueError) the storage does not count that far
├── InvalidOwner                  (ValueError) nobody can own a feed under this name
├── StorageUnavailable            the storage could not be reached in time
│   └── ForeignData               ... or keeps somebody else's data where a timeline should be
└── FeedsConfigurationError       (ImproperlyConfigured) settings or classes that do not fit together
    ├── VerbClash
    ├── UnknownFeed
    ├── UnknownManager
    ├── UnknownStorage
    └── InvalidSource
"""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ImproperlyConfigured

__all__ = [
    "ActivityNotFound",
    "DuplicateActivity",
    "FeedsConfigurationError",
    "FeedsError",
    "ForeignData",
    "InvalidActivity",
    "InvalidCursor",
    "InvalidOwner",
    "InvalidReference",
    "InvalidSlice",
    "InvalidSource",
    "NotHydrated",
    "NotInFeed",
    "OffsetTooDeep",
    "StorageUnavailable",
    "UnknownFeed",
    "UnknownManager",
    "UnknownStorage",
    "UnknownVerb",
    "VerbClash",
]


class FeedsError(Exception):
    """Anything django_feeds raises. Catch it; it is never raised itself."""


class InvalidActivity(FeedsError, ValueError):
    """An activity that cannot be what it says, for instance one with a naive time."""


class InvalidReference(InvalidActivity):
    """An actor, object or target that cannot be named, for instance an unsaved instance."""


class NotHydrated(FeedsError, AttributeError):
    """Only the id of this reference is known; templates see an empty value."""

    silent_variable_failure = True


class UnknownVerb(FeedsError, KeyError):
    """No verb is registered under this id."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # KeyError would show the repr of the sentence


class InvalidCursor(FeedsError, ValueError):
    """Not a cursor that a page of a feed gave. Views answer it with 404."""


class InvalidSlice(FeedsError, ValueError):
    """A slice, filter or order that a feed cannot answer."""


class NotInFeed(FeedsError, ValueError):
    """The activity has no place in this feed."""


class ActivityNotFound(FeedsError, ValueError):
    """The activity is not in this group."""


class DuplicateActivity(FeedsError, ValueError):
    """The activity is in this group already."""


class OffsetTooDeep(FeedsError, ValueError):
    """The storage does not count that far (its `offset_limit`); page by cursor instead."""


class InvalidOwner(FeedsError, ValueError):
    """Nobody can own a feed under this name."""


class StorageUnavailable(FeedsError):
    """The storage could not be reached in time. `__cause__` holds the driver's error."""


class ForeignData(StorageUnavailable):
    """The storage keeps somebody else's data where a timeline should be. It was left alone; the rest was done."""

    def __init__(self, message: str, keys: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.keys = frozenset(keys)
        """The keys of the timelines that were left alone."""


class FeedsConfigurationError(FeedsError, ImproperlyConfigured):
    """Settings or classes that do not fit together."""


class VerbClash(FeedsConfigurationError, ValueError):
    """Two verbs want the same id."""


class UnknownFeed(FeedsConfigurationError):
    """`DJANGO_FEEDS["FEEDS"]` has no such alias, or its class cannot be made."""


class UnknownManager(FeedsConfigurationError):
    """`DJANGO_FEEDS["MANAGERS"]` has no such alias, or the dotted path leads to no manager."""


class UnknownStorage(FeedsConfigurationError):
    """`DJANGO_FEEDS["STORAGES"]` has no such alias, or its backend cannot be imported."""


class InvalidSource(FeedsConfigurationError):
    """An activity source that does not say what it must, or a model registered twice."""
