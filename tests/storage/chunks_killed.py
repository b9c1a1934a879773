"""Puts entries on many timelines, for a test that kills it: chunks_killed.py URL MILLISECONDS..."""

import sys
from pathlib import Path

import django
from django.conf import settings

KEYS = [f"reader {number}" for number in range(20_000)]

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
    settings.configure(USE_TZ=True, INSTALLED_APPS=["django_feeds"])
    django.setup()

    from django_feeds.storage.redis import RedisStorage
    from django_feeds.testing.contract.case import entries

    url, *times = sys.argv[1:]
    RedisStorage("mine", {"URL": url}).add(KEYS, entries(*map(int, times)), max_length=3)
