"""Forms for pinning: onto one of one's own boards, or onto a new one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .models import Board, Item, Pin


class BoardForm(forms.ModelForm):
    """The part that all pin forms share: a comment, and where to pin."""

    new_board = forms.CharField(label=_("Or a new board"), max_length=80, required=False)

    class Meta:
        model = Pin
        fields = ["board", "comment"]
        labels = {"board": _("Board")}
        widgets = {"comment": forms.Textarea(attrs={"rows": 3, "maxlength": 280})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        board: Any = self.fields["board"]
        board.queryset, board.required, board.empty_label = self.instance.user.boards.all(), False, _("Choose a board")
        self.order_fields([*self._meta.fields[:-1], "new_board", "comment"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        name = data.get("new_board", "").strip()
        if name:
            # Typing the name of a board that is there means that one.
            data["board"] = self.instance.user.boards.filter(name=name).first() or Board(
                owner=self.instance.user, name=name
            )
        elif not data.get("board") and "board" not in self.errors:
            self.add_error("board", _("Choose a board, or name a new one."))
        if data.get("board") and self._is_there(data["board"]):
            raise ValidationError(_("This is on that board already."), code="there")
        return data

    def _is_there(self, board: Board) -> bool:
        twins = Pin.objects.filter(user=self.instance.user, item=self.instance.item_id, board=board.pk)
        return board.pk is not None and twins.exclude(pk=self.instance.pk).exists()

    def _post_clean(self) -> None:
        # The board may not be saved yet; `save` puts it in place.
        board = self.cleaned_data.pop("board", None)
        super()._post_clean()
        self.cleaned_data["board"] = board

    def save(self, commit: bool = True) -> Pin:
        board = self.cleaned_data["board"]
        if board.pk is None:
            board.save()
        self.instance.board = board
        return super().save(commit)


class NewPinForm(BoardForm):
    """Pin something that is not on the site yet."""

    title = forms.CharField(label=_("Title"), max_length=120)
    category = forms.ChoiceField(label=_("Picture"), choices=Item._meta.get_field("category").choices)
    source_url = forms.URLField(label=_("Web address"), required=False, assume_scheme="https")

    field_order = ["title", "category", "source_url", "board", "new_board", "comment"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(self.field_order)

    def save(self, commit: bool = True) -> Pin:
        values = {name: self.cleaned_data[name] for name in ("title", "category", "source_url")}
        self.instance.item = Item.objects.create(**values)
        return super().save(commit)
