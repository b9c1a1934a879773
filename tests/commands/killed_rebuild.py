"""A site of its own, for a test that kills `rebuild_feeds`: killed_rebuild.py DATABASE seed|rebuild|count."""

import sys
from pathlib import Path

import django
from django.conf import settings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
settings.configure(
    SECRET_KEY="tests",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django_feeds", "tests.testapp"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    DJANGO_FEEDS={
        "TASKS": "inline",
        "FEEDS": {"user": {"MAX_LENGTH": 100}, "timeline": {"MAX_LENGTH": 50}},
    },
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db.models import F  # noqa: E402

from django_feeds.management.progress import Checkpoint  # noqa: E402
from django_feeds.models import ActivityRecord, Follow  # noqa: E402
from django_feeds.registry import get_feed  # noqa: E402
from tests.testapp.models import Pin  # noqa: E402


def seed():
    call_command("migrate", verbosity=0)
    users = User.objects.bulk_create(User(username=f"user {n}") for n in range(2))
    Pin.objects.bulk_create(Pin(user=users[n % 2], note=str(n)) for n in range(2_000))
    Follow.objects.bulk_create(Follow(user=users[n], target=str(users[1 - n].pk)) for n in range(2))


def rebuild():
    save, batches = Checkpoint.save, []

    def telling_save(self):
        save(self)
        batches.append(1)
        sys.stdout.write(f"batch {len(batches)}\n")
        sys.stdout.flush()

    Checkpoint.save = telling_save
    call_command("rebuild_feeds", batch_size=50)


def count():
    undelivered = ActivityRecord.objects.filter(delivered_version__lt=F("version"))
    lengths = [get_feed("timeline", user).count() for user in User.objects.all()]
    sys.stdout.write(
        f"{ActivityRecord.objects.count()} records, {undelivered.count()} undelivered, {lengths} entries\n"
    )


{"seed": seed, "rebuild": rebuild, "count": count}[sys.argv[2]]()
