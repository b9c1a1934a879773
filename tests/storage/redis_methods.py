"""Every method of the Redis storage, as one call each, for tests of what all of them do when something is wrong."""

from django_feeds.ids import MIN_ID
from django_feeds.storage import Mark
from django_feeds.testing.contract.case import entries, entry

WRITES = {
    "add": lambda storage, *keys: storage.add(keys, entries(2), max_length=5),
    "add, many entries": lambda storage, *keys: storage.add(keys, entries(*range(30)), max_length=50),
    "add with a floor": lambda storage, *keys: storage.add(keys, entries(2), floor=MIN_ID, max_length=5),
    "remove": lambda storage, *keys: storage.remove(keys, [entry(2).id]),
    "remove, many entries": lambda storage, *keys: storage.remove(keys, [each.id for each in entries(*range(30))]),
    "trim": lambda storage, *keys: storage.trim(keys, 1),
    "delete": lambda storage, *keys: storage.delete(keys),
}
READS = {
    "slice": lambda storage, key: storage.slice(key, limit=5),
    "slice with bodies": lambda storage, key: storage.slice(key, limit=5, with_bodies=True),
    "slice of a range": lambda storage, key: storage.slice(key, limit=5, before=entry(9).id, after=entry(1).id),
    "slice, oldest first": lambda storage, key: storage.slice(key, limit=5, offset=1, oldest_first=True),
    "count": lambda storage, key: storage.count(key, max_length=5),
    "rank": lambda storage, key: storage.rank(key, entry(1).id, max_length=5),
}
BODIES = {
    "put": lambda storage: storage.put({entry(1).id: "{}"}),
    "get": lambda storage: storage.get([entry(1).id]),
    "forget": lambda storage: storage.forget([entry(1).id]),
}
MARKS = {
    "mark": lambda storage: storage.mark("home", {0: Mark(5, 5), 7: Mark(9, 0)}, forget=[8]),
    "marks": lambda storage: storage.marks("home"),
    "unmark": lambda storage: storage.unmark(["home"]),
}


def of_key(method):
    return lambda storage: method(storage, "home")


EVERYTHING = {
    **{name: of_key(method) for name, method in {**WRITES, **READS}.items()},
    "slice_many": lambda storage: storage.slice_many(["home", "other"], limit=5),
    **BODIES,
    **MARKS,
    "announce": lambda storage: storage.announce(["home"]),
}
