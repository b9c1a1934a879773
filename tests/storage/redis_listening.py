"""A process that listens to a timeline, for tests of several; importing it needs no Django that is set up."""

import asyncio


def listen_and_tell(alias, pipe):
    """Say when it listens, what it heard, and, once told to leave, that it has left; then wait for another word."""
    import django

    django.setup()
    from django_feeds.storage import get_storage

    with get_storage(alias).hub().listening("home") as waiter:
        pipe.send("listening")
        pipe.send(asyncio.run(waiter.news(30)))
        pipe.recv()
    pipe.send("left")
    pipe.recv()
