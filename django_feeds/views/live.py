"""
What is new, as it comes: server-sent events, for who is signed in, of his own feed.

A stream holds neither a thread nor a connection: it waits in the event loop, and a thread looks after it only when
there may be news. Without an event loop (WSGI) the answer is short, and the browser comes again by itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any, TypeVar

from asgiref.sync import SyncToAsync, sync_to_async
from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.handlers.asgi import ASGIRequest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections
from django.db.transaction import non_atomic_requests
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import View

from .. import conf, rendering
from ..exceptions import InvalidCursor, StorageUnavailable
from ..feeds import Feed
from ..feeds.news import News, Token
from ..registry import get_feed
from ..storage.live import Waiter
from .base import Answers, OfAlias

__all__ = ["LiveView"]

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

POLL = 1_500
"""Milliseconds after which a browser comes again where the server cannot keep a stream open."""

RETRY = 3_000
"""Milliseconds after which it does where a stream has ended."""

PAUSE = 0.2
"""Seconds between two looks at least, however much comes in."""


# It says itself what an anonymous visitor gets; the middleware would look at the user in the event loop. And where
# ATOMIC_REQUESTS is set, Django refuses async views that do not say that they are none.
@method_decorator([login_not_required, non_atomic_requests, never_cache], name="dispatch")
class LiveView(OfAlias, Answers, View):
    """
    News of a live feed of the signed-in user, as events with the token as id, or in one answer as JSON.

    It goes on from the header `Last-Event-ID`, else from `?since=`, a token of earlier news. Each event is JSON:
    `count` and `items` of what is new since the one before, and `unseen` and `unread` of notifications.
    """

    http_method_names = ["get", "options"]

    @property
    def wants_json(self) -> bool:
        return self.request.get_preferred_type(["text/event-stream", "application/json"]) == "application/json"

    async def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        try:
            response = await super(Answers, self).dispatch(request, *args, **kwargs)  # type: ignore[misc]
        except (InvalidCursor, Http404) as error:
            if not self.wants_json:
                raise Http404(str(error)) from error
            response = self.refuse(404, str(error))
        except StorageUnavailable:
            response = await sync_to_async(self.unavailable)()
        patch_vary_headers(response, ["Accept"])
        return response

    async def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = await request.auser()
        if not user.is_authenticated:
            return self.handle_no_permission()
        feed = self.get_feed(user)
        since = request.headers.get("Last-Event-ID") or request.GET.get("since") or None
        if since is not None:
            Token.parse(since)
        stream = Stream(request, feed)
        if self.wants_json:
            return JsonResponse(await stream.now(since))
        if isinstance(request, ASGIRequest):
            response: Any = StreamingHttpResponse(stream.events(since))
        else:
            response = HttpResponse(await stream.once(since))
        for name, value in HEADERS.items():
            response[name] = value
        return response

    def get_feed(self, user: Any) -> Feed:
        alias = self.get_alias()
        feed = get_feed(alias, user, viewer=user)
        if not feed.live:
            raise Http404(_("The feed “%(alias)s” is not live: set LIVE in DJANGO_FEEDS['FEEDS'].") % {"alias": alias})
        return feed

    def handle_no_permission(self) -> HttpResponseBase:
        if self.wants_json:
            return self.refuse(403, _("Sign in to read your feed."))
        return redirect_to_login(self.request.get_full_path())


HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    # Nobody on the way shall keep it, or keep it back until there is more: not caches, not nginx, and not
    # GZipMiddleware, which leaves alone what is encoded already.
    "Cache-Control": "private, no-store, no-transform",
    "X-Accel-Buffering": "no",
    "Content-Encoding": "identity",
}


class Stream:
    """What one client is sent about one feed."""

    def __init__(self, request: HttpRequest, feed: Feed) -> None:
        self.request, self.feed = request, feed
        self.is_asgi = isinstance(request, ASGIRequest)
        self.language = translation.get_language()
        self.counts: tuple[Any, Any] = (None, None)
        """What the client was told last."""

    # All at once

    async def now(self, since: str | None) -> dict[str, Any]:
        """One look, as JSON."""
        news, items = await self.in_thread(self._look, since)
        return {"token": news.token, **_data(news, items)}

    async def once(self, since: str | None) -> str:
        """One look, as a stream that ends at once: the browser comes again with the id of the last event."""
        try:
            return f"retry: {POLL}\n{await self._event(since)}"
        except StorageUnavailable as error:
            logger.warning("A page hears of nothing new just now: %s", error)
            return f"retry: {RETRY}\n: unavailable\n\n"

    # As it comes

    async def events(self, since: str | None) -> AsyncIterator[str]:
        """The events until the client is gone, its user is signed out, or LIVE_LIFETIME is over."""
        await _free_thread()
        self.token = since
        self.end = monotonic() + conf.get("LIVE_LIFETIME")
        yield f"retry: {RETRY}\n\n"
        while monotonic() < self.end:
            try:
                async with self._listening() as waiter:
                    async for part in self._heard(waiter):
                        yield part
                return
            except (StorageUnavailable, DatabaseError) as error:
                logger.warning("A page hears of nothing new until it is back: %s", error)
            yield ": unavailable\n\n"
            await asyncio.sleep(min(RETRY / 1000, max(self.end - monotonic(), 0)))

    async def _heard(self, waiter: Waiter) -> AsyncIterator[str]:
        heartbeat = conf.get("LIVE_HEARTBEAT")
        checked = spoken = monotonic()
        while True:
            event = await self._event(self.token)
            if not event and monotonic() - spoken >= heartbeat:
                event = ": heartbeat\n\n"
            if event:
                spoken = monotonic()
                yield event
            if monotonic() - checked >= heartbeat:
                checked = monotonic()
                if not await self.in_thread(self._is_signed_in):
                    return
            await asyncio.sleep(PAUSE)
            left = min(spoken + heartbeat, self.end) - monotonic()
            if left > 0:
                await waiter.news(left)
            if monotonic() >= self.end:
                return

    async def _event(self, since: str | None) -> str:
        """What is new since then as an event; an id alone where the client has none yet; else nothing."""
        news, items = await self.in_thread(self._look, since)
        self.token, counts = news.token, (news.unseen, news.unread)
        if news.count or counts != self.counts:
            self.counts = counts
            data = json.dumps(_data(news, items), cls=DjangoJSONEncoder)
            return f"id: {news.token}\nevent: news\ndata: {data}\n\n"
        return "" if news.token == since else f"id: {news.token}\n\n"

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[Waiter]:
        listening = self.feed.get_storage().hub().listening(self.feed.key)
        entering = asyncio.ensure_future(self.in_thread(listening.__enter__))
        try:
            yield await asyncio.shield(entering)
        finally:
            # Not waited for: whoever is cancelled has no time. Should it still be entering, it leaves after that.
            entering.add_done_callback(lambda entered: _leave(listening, entered))

    # In a thread

    async def in_thread(self, function: Callable[..., Result], *args: Any) -> Result:
        """Where streams stay open, in one of a few threads that they share; else in that of the request."""
        if not self.is_asgi:
            return await sync_to_async(function)(*args)
        return await sync_to_async(_with_fresh_connections, thread_sensitive=False)(function, *args)

    def _look(self, since: str | None) -> tuple[News, list[dict[str, Any]]]:
        with translation.override(self.language):
            news = self.feed.news(since)
            return news, rendering.items_data(news.items, self.feed.viewer)

    def _is_signed_in(self) -> bool:
        """Is the session there, and that of an active user? Who came without a session is believed till the end."""
        session = getattr(self.request, "session", None)
        if session is None or SESSION_KEY not in session:
            return True
        again = HttpRequest()
        again.session = type(session)(session.session_key)
        return get_user(again).pk == self.feed.viewer.pk


def _data(news: News, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"count": news.count, "unseen": news.unseen, "unread": news.unread, "items": items}


def _with_fresh_connections(function: Callable[..., Result], *args: Any) -> Result:
    """As Django does around a request: connections that are broken, or older than CONN_MAX_AGE, are closed."""
    close_old_connections()
    try:
        return function(*args)
    finally:
        close_old_connections()


async def _free_thread() -> None:
    """
    Give back the thread that the middleware and the view ran in, with its connections.

    Django keeps one for each request until the last of its answer is sent, which here takes minutes. Should it be
    needed once more, there will be another. An asgiref that keeps them elsewhere keeps its threads.
    """
    context_of = getattr(SyncToAsync, "thread_sensitive_context", None)
    executors: Any = getattr(SyncToAsync, "context_to_thread_executor", {})
    context = context_of.get(None) if context_of else None
    # One that was made by somebody else is his to end.
    if context is not None and context in executors and getattr(context, "_executor", None) is None:
        await sync_to_async(connections.close_all)()
        executors.pop(context).shutdown(wait=False)


def _leave(listening: Any, entered: asyncio.Future[Any]) -> None:
    if not entered.cancelled() and entered.exception() is None:
        with suppress(RuntimeError):  # the loop, or the process, is ending
            asyncio.get_running_loop().run_in_executor(None, listening.__exit__, None, None, None)
