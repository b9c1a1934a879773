"""
Verbs: what can be done, registered in code and mirrored in `VerbRecord` for the admin and for SQL.

    @register
    class Pin(Verb):
        id = 5
        infinitive = "pin"
        past_tense = "pinned"
        phrase_with_target = _("%(actor)s pinned %(object)s to %(target)s")
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.utils.functional import Promise
from django.utils.text import format_lazy, slugify
from django.utils.translation import gettext_lazy as _
from django.utils.translation import npgettext_lazy, pgettext_lazy

from .exceptions import UnknownVerb, VerbClash

__all__ = ["Add", "Comment", "Follow", "Love", "Verb", "get_verb_by_id", "register"]


class Verb:
    """
    What somebody did. Subclass it, give it a free id, and `register` it.

    The id is what is stored, so a verb may be renamed at any time, and must never take another's id.
    """

    id: ClassVar[int]
    """1 to 32767, for ever."""

    infinitive: ClassVar[str]
    """The name in templates: `django_feeds/activity/<infinitive>.html`."""

    past_tense: ClassVar[str]

    object_model: ClassVar[str | None] = None
    """The label of the model that a bare pk as object belongs to; None: the user model."""

    target_model: ClassVar[str | None] = None
    """The same for a bare pk as target."""

    phrase: ClassVar[str | Promise] = ""
    """A translatable sentence with %(actor)s and %(object)s; made of `past_tense` where it is empty."""

    phrase_with_target: ClassVar[str | Promise] = ""
    """The sentence for activities that have a target: %(target)s too."""

    group_phrase: ClassVar[Any] = None
    """
    For groups: an ngettext_lazy(..., "count") with %(actors)s, and %(object)s for one object, %(count)d for several.

    Or a pair of these, for one actor and for several, as built-in verbs have it: in many languages the verb agrees.
    What is named once and counted else has other blanks in its plural. gettext's msgfmt takes that for a mistake of the
    translator's, unless `# xgettext:no-python-format` stands in the line before the text.
    """

    own_phrase: ClassVar[Any] = None
    """The same for objects that are the reader's own, with %(kind)s and %(kinds)s: "%(actors)s loved your %(kind)s"."""

    you_phrase: ClassVar[Any] = None
    """The sentence, or the pair, with %(actors)s, where the reader himself is the object."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = cls.__dict__  # what a verb inherits is the sentence of another
        if "past_tense" in own and "phrase" not in own:
            past_tense = cls.past_tense.replace("%", "%%")
            cls.phrase = f"%(actor)s {past_tense} %(object)s"
        if "phrase" in own and "phrase_with_target" not in own:
            cls.phrase_with_target = format_lazy("{} (%(target)s)", cls.phrase)

    @classmethod
    def slug(cls) -> str:
        """The name that template files carry."""
        return slugify(cls.infinitive)

    def __str__(self) -> str:
        return self.infinitive

    def __repr__(self) -> str:
        return f"<Verb {self.id} {self.infinitive}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Verb) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)


AnyVerb = TypeVar("AnyVerb", bound=type[Verb])

_verbs: dict[int, type[Verb]] = {}
clashes: list[tuple[type[Verb], type[Verb]]] = []
"""Pairs of verbs that want one id; a system check reports them, and using such an id raises VerbClash."""


def register(verb: AnyVerb) -> AnyVerb:
    """
    Make this verb known; also a class decorator. Registering it again is harmless.

    A second verb under the same id is remembered in `clashes`, so that `manage.py check` can say so.
    """
    if not (isinstance(verb, type) and issubclass(verb, Verb)):
        raise TypeError(f"register() takes a subclass of Verb, not {verb!r}.")
    if not isinstance(getattr(verb, "id", None), int) or not 1 <= verb.id <= 32767:
        raise TypeError(f"{verb.__qualname__} must define `id`, an integer from 1 to 32767.")
    if not getattr(verb, "infinitive", "") or not getattr(verb, "past_tense", ""):
        raise TypeError(f"{verb.__qualname__} must define `infinitive` and `past_tense`.")
    holder = _verbs.setdefault(verb.id, verb)
    if _path(holder) == _path(verb):
        _verbs[verb.id] = verb  # a reloaded module replaces its own verb
    elif (holder, verb) not in clashes:
        clashes.append((holder, verb))
    return verb


def get_verb_by_id(id: int) -> type[Verb]:
    """The verb registered under this id; raises UnknownVerb, or VerbClash where two claim it."""
    if not isinstance(id, int):
        raise ValueError(f"A verb's id is an integer, not {id!r}.")
    for holder, other in clashes:
        if holder.id == id:
            raise VerbClash(f"{_path(holder)} and {_path(other)} both have the id {id}; give one of them a free id.")
    if id not in _verbs:
        raise UnknownVerb(f"No verb is registered under {id}; register it in a `feeds.py` of an installed app.")
    return _verbs[id]


def is_registered(verb: type[Verb]) -> bool:
    """Is this verb, or the same one from before its module was reloaded, registered? Raises VerbClash."""
    try:
        registered = get_verb_by_id(getattr(verb, "id", 0))
        return registered is verb or _path(registered) == _path(verb)
    except UnknownVerb:
        return False


def verb_or_placeholder(id: int) -> Verb:
    """The verb of a stored activity; an unknown one has a general phrase, so that it never breaks a page."""
    try:
        return get_verb_by_id(id)()
    except (UnknownVerb, VerbClash):
        return type("UnknownVerb", (UnknownVerbPlaceholder,), {"id": id})()


def registered() -> list[type[Verb]]:
    """All verbs, by id."""
    return [_verbs[id] for id in sorted(_verbs)]


def _path(verb: type[Verb]) -> str:
    return f"{verb.__module__}.{verb.__qualname__}"


class UnknownVerbPlaceholder(Verb):
    id = 0
    infinitive = "unknown"
    past_tense = "did something with"
    phrase = _("%(actor)s did something with %(object)s")
    phrase_with_target = _("%(actor)s did something with %(object)s and %(target)s")
    group_phrase = (
        npgettext_lazy(
            "one actor",  # xgettext:no-python-format
            "%(actors)s did something with %(object)s",
            "%(actors)s did something with %(count)d things",
            "count",
        ),
        npgettext_lazy(
            "several actors",  # xgettext:no-python-format
            "%(actors)s did something with %(object)s",
            "%(actors)s did something with %(count)d things",
            "count",
        ),
    )
    """Also what is said of a group of different verbs."""


@register
class Follow(Verb):
    id = 1
    infinitive = "follow"
    past_tense = "followed"
    phrase = _("%(actor)s followed %(object)s")
    group_phrase = (
        npgettext_lazy(  # xgettext:no-python-format
            "one actor", "%(actors)s followed %(object)s", "%(actors)s followed %(count)d others", "count"
        ),
        npgettext_lazy(  # xgettext:no-python-format
            "several actors", "%(actors)s followed %(object)s", "%(actors)s followed %(count)d others", "count"
        ),
    )
    own_phrase = (
        npgettext_lazy(  # xgettext:no-python-format
            "one actor", "%(actors)s followed your %(kind)s", "%(actors)s followed %(count)d of your %(kinds)s", "count"
        ),
        npgettext_lazy(
            "several actors",  # xgettext:no-python-format
            "%(actors)s followed your %(kind)s",
            "%(actors)s followed %(count)d of your %(kinds)s",
            "count",
        ),
    )
    you_phrase = (
        pgettext_lazy("one actor", "%(actors)s followed you"),
        pgettext_lazy("several actors", "%(actors)s followed you"),
    )


@register
class Comment(Verb):
    id = 2
    infinitive = "comment"
    past_tense = "commented on"
    phrase = _("%(actor)s commented on %(object)s")
    phrase_with_target = _("%(actor)s commented on %(object)s in %(target)s")
    group_phrase = (
        npgettext_lazy(  # xgettext:no-python-format
            "one actor", "%(actors)s commented on %(object)s", "%(actors)s commented on %(count)d things", "count"
        ),
        npgettext_lazy(  # xgettext:no-python-format
            "several actors", "%(actors)s commented on %(object)s", "%(actors)s commented on %(count)d things", "count"
        ),
    )
    own_phrase = (
        npgettext_lazy(
            "one actor",  # xgettext:no-python-format
            "%(actors)s commented on your %(kind)s",
            "%(actors)s commented on %(count)d of your %(kinds)s",
            "count",
        ),
        npgettext_lazy(
            "several actors",  # xgettext:no-python-format
            "%(actors)s commented on your %(kind)s",
            "%(actors)s commented on %(count)d of your %(kinds)s",
            "count",
        ),
    )
    you_phrase = (
        pgettext_lazy("one actor", "%(actors)s commented on you"),
        pgettext_lazy("several actors", "%(actors)s commented on you"),
    )


@register
class Love(Verb):
    id = 3
    infinitive = "love"
    past_tense = "loved"
    phrase = _("%(actor)s loved %(object)s")
    phrase_with_target = _("%(actor)s loved %(object)s in %(target)s")
    group_phrase = (
        npgettext_lazy(  # xgettext:no-python-format
            "one actor", "%(actors)s loved %(object)s", "%(actors)s loved %(count)d things", "count"
        ),
        npgettext_lazy(  # xgettext:no-python-format
            "several actors", "%(actors)s loved %(object)s", "%(actors)s loved %(count)d things", "count"
        ),
    )
    own_phrase = (
        npgettext_lazy(  # xgettext:no-python-format
            "one actor", "%(actors)s loved your %(kind)s", "%(actors)s loved %(count)d of your %(kinds)s", "count"
        ),
        npgettext_lazy(  # xgettext:no-python-format
            "several actors", "%(actors)s loved your %(kind)s", "%(actors)s loved %(count)d of your %(kinds)s", "count"
        ),
    )
    you_phrase = (
        pgettext_lazy("one actor", "%(actors)s loved you"),
        pgettext_lazy("several actors", "%(actors)s loved you"),
    )


@register
class Add(Verb):
    id = 4
    infinitive = "add"
    past_tense = "added"
    phrase = _("%(actor)s added %(object)s")
    phrase_with_target = _("%(actor)s added %(object)s to %(target)s")
    group_phrase = (
        npgettext_lazy(  # xgettext:no-python-format
            "one actor", "%(actors)s added %(object)s", "%(actors)s added %(count)d things", "count"
        ),
        npgettext_lazy(  # xgettext:no-python-format
            "several actors", "%(actors)s added %(object)s", "%(actors)s added %(count)d things", "count"
        ),
    )
    own_phrase = (
        npgettext_lazy(  # xgettext:no-python-format
            "one actor", "%(actors)s added your %(kind)s", "%(actors)s added %(count)d of your %(kinds)s", "count"
        ),
        npgettext_lazy(  # xgettext:no-python-format
            "several actors", "%(actors)s added your %(kind)s", "%(actors)s added %(count)d of your %(kinds)s", "count"
        ),
    )
    you_phrase = (
        pgettext_lazy("one actor", "%(actors)s added you"),
        pgettext_lazy("several actors", "%(actors)s added you"),
    )
