"""
Rebuilding: records from the rows of registered models, own feeds from the records, readers' feeds from those, and
notifications from what users are told.

For a site whose rows are older than its feeds, for rows that changed without signals (`QuerySet.update`, raw SQL), and
for storages that lost something. Nobody is notified, no signal of the package is sent, and no task is queued.

Each phase gives a Step after each batch, whose `place` is what to pass as `after` to go on behind it. Doing a batch
twice is harmless, and so is a site that is in use meanwhile: every step asks the truth when it runs.
"""

from .comparing import Difference, compare
from .feeds import notifications, own_feeds, owners, readers, readers_feeds
from .rows import publish_rows, retract_vanished
from .steps import Step

__all__ = [
    "Difference",
    "Step",
    "compare",
    "notifications",
    "own_feeds",
    "owners",
    "publish_rows",
    "readers",
    "readers_feeds",
    "retract_vanished",
]
