"""Following and no longer following, muting and blocking: what the signed-in user changes about another row."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from ..exceptions import InvalidOwner
from ..following import count_followers, find_target
from ..managers import Manager
from ..models import Mute
from ..owners import owner_of
from ..registry import get_manager
from ..sentences import url_of
from .base import ChangeView

__all__ = ["BlockView", "FollowView", "MuteView", "UnblockView", "UnfollowView", "UnmuteView"]


class TargetChange(ChangeView):
    """What one user does about a target. Leads to `next`, else to the target's page, else back."""

    manager = "default"
    """Who changes the graph: an alias in `DJANGO_FEEDS["MANAGERS"]` or a dotted path."""

    target: Any = None
    """The row that it is about; None: the address says it."""

    active = False
    """Must a user whom it is about not be deactivated?"""

    def get_manager(self) -> Manager:
        return get_manager(self.manager)

    def get_target(self) -> Any:
        return self.target if self.target is not None else find_target(self.kwargs["owner"], active=self.active)

    def change(self, manager: Manager, target: Any) -> None:
        """Do it."""
        raise NotImplementedError

    def get_refusal(self, target: Any) -> str | None:
        """Why this user shall not do this to this target; None: he may."""
        return None

    def get_impossible(self, target: Any) -> str:
        """What to say where the graph does not allow it."""
        return _("You cannot do that to %(name)s.") % {"name": target}

    def get_page(self) -> str:
        return url_of(getattr(self, "found", None))

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        self.found = self.get_target()
        refusal = self.get_refusal(self.found)
        if refusal is not None:
            return self.refuse(400, refusal)
        try:
            self.change(self.get_manager(), self.found)
        except InvalidOwner:  # there is such a row, and this user may not
            return self.refuse(400, self.get_impossible(self.found))
        return self.answer()

    @property
    def is_self(self) -> bool:
        return owner_of(self.found) == owner_of(self.request.user)


class FollowChange(TargetChange):
    """In JSON: `{"following": true, "followers": 7}`."""

    following: bool

    def get_json(self) -> dict[str, Any]:
        return {"following": self.following, "followers": count_followers(self.get_manager(), self.found)}

    def get_sign_in(self) -> str:
        return self.sign_in or _("Sign in to follow.")


class FollowView(FollowChange):
    """
    Let the signed-in user follow a row of a followable model. Doing so again is harmless.

    Not himself, nor somebody who has blocked him.
    """

    active = following = True

    def get_refusal(self, target: Any) -> str | None:
        if self.is_self:
            return _("You cannot follow yourself.")
        # Where there are Follow rows, they look for themselves.
        if self.get_manager().owns_graph and Mute.objects.has_blocked(target, self.request.user):
            return self.get_impossible(target)
        return None

    def get_impossible(self, target: Any) -> str:
        return _("You cannot follow %(name)s.") % {"name": target}

    def change(self, manager: Manager, target: Any) -> None:
        manager.follow_user(self.request.user, target)


class UnfollowView(FollowChange):
    """Let the signed-in user no longer follow it. Nor is it an error where he did not."""

    following = False

    def change(self, manager: Manager, target: Any) -> None:
        manager.unfollow_user(self.request.user, target)


class MuteChange(TargetChange):
    """In JSON: `{"muted": true, "blocked": false}`."""

    def get_json(self) -> dict[str, Any]:
        blocks = Mute.objects.filter(user=self.request.user.pk, target=owner_of(self.found))
        blocked = blocks.values_list("is_block", flat=True).first()
        return {"muted": blocked is not None, "blocked": bool(blocked)}


class MuteView(MuteChange):
    """Let the signed-in user hear nothing of somebody any more. Doing so again is harmless, and a block stays one."""

    def get_refusal(self, target: Any) -> str | None:
        return _("You cannot mute yourself.") if self.is_self else None

    def change(self, manager: Manager, target: Any) -> None:
        manager.mute_user(self.request.user, target)


class UnmuteView(MuteChange):
    """Let the signed-in user hear of somebody again, also of one whom he had blocked."""

    def change(self, manager: Manager, target: Any) -> None:
        manager.unmute_user(self.request.user, target)


class BlockView(MuteChange):
    """Mute somebody, and let neither follow the other any more."""

    def get_refusal(self, target: Any) -> str | None:
        return _("You cannot block yourself.") if self.is_self else None

    def change(self, manager: Manager, target: Any) -> None:
        manager.block_user(self.request.user, target)


class UnblockView(UnmuteView):
    """Take a block back; the mute that it was goes with it."""
