"""Settings of the site of these tests, for a server process of its own: see `streaming.py`."""

import json
import os

from tests.settings import *  # noqa: F403

globals().update(json.loads(os.environ["FEEDS_TEST_STREAMING"]))
