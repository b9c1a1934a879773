"""
Newsfeeds, activity streams and notification systems for Django.

The tour, from the words up to the pages:

- ``activity`` and ``verbs``: what happened (actor, verb, object, target, time).
- ``sources``: which of your models cause activities, declared in an app's ``feeds.py``.
- ``feeds``: bounded lists of activities, newest first, one for each owner.
- ``storage``: where those lists are kept (memory, database).
- ``managers``: publish, retract, update, follow, unfollow; the heavy part runs in ``tasks``.
- ``{% load django_feeds %}{% render_feed "timeline" user %}``: what a reader sees.

Importing this package imports none of that; each name has one home, listed in the reference.
"""

__version__ = "0.1.0.dev0"
