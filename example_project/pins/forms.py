"""Forms for pinning, onto one of one's own boards or onto a new one, and for commenting."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .models import Board, Category, Comment, Item, Pin


class BoardForm(forms.Form):
    """Where to pin, and a comment; `pin` knows its user and, in most forms, its item."""

    board = forms.ModelChoiceField(Board.objects.none(), label=_("Board"), required=False)
    new_board = forms.CharField(label=_("Or a new board"), max_length=80, required=False)
    comment = forms.CharField(
        label=_("Comment"), max_length=280, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, pin: Pin, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pin = pin
        self.boards = Board.objects.filter(owner=pin.user_id)
        choice: Any = self.fields["board"]
        choice.queryset, choice.empty_label = self.boards, _("Choose a board")

    def clean(self) -> dict[str, Any]:
        data, name = self.cleaned_data, self.cleaned_data.get("new_board")
        if name:
            # Typing the name of a board that is there means that one.
            data["board"] = self.boards.filter(name=name).first() or Board(owner_id=self.pin.user_id, name=name)
        elif not data.get("board") and "board" not in self.errors:
            self.add_error("board", _("Choose a board, or name a new one."))
        if data.get("board") and self._is_on(data["board"]):
            raise ValidationError(_("This is on that board already."), code="there")
        return data

    def _is_on(self, board: Board) -> bool:
        twins = Pin.objects.filter(user=self.pin.user_id, item=self.pin.item_id, board=board.pk)
        return board.pk is not None and twins.exclude(pk=self.pin.pk).exists()

    def save(self) -> Pin:
        """Save the pin, and the board where it is new."""
        board = self.cleaned_data["board"]
        if board.pk is None:
            board.save()
        self.pin.board, self.pin.comment = board, self.cleaned_data["comment"]
        self.pin.save()
        return self.pin


class NewPinForm(BoardForm):
    """Pin something that is not on the site yet."""

    title = forms.CharField(label=_("Title"), max_length=120)
    category = forms.ChoiceField(label=_("Picture"), choices=Category.choices)
    source_url = forms.URLField(label=_("Web address"), required=False, assume_scheme="https")

    field_order = ["title", "category", "source_url", "board", "new_board", "comment"]

    def save(self) -> Pin:
        values = {name: self.cleaned_data[name] for name in ("title", "category", "source_url")}
        self.pin.item = Item.objects.create(**values)
        return super().save()


class Lines(forms.CharField):
    """Text of several lines. Browsers send two characters for the end of a line, and count one against the limit."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value)


class CommentForm(forms.ModelForm):
    """What somebody says about a pin; `parent` is the comment that it answers, if any."""

    class Meta:
        model = Comment
        fields = ["text", "parent"]
        field_classes = {"text": Lines}
        widgets = {"text": forms.Textarea(attrs={"rows": 2}), "parent": forms.HiddenInput()}
        error_messages = {
            "parent": {"invalid_choice": _("What you answered is gone. You can still say this about the pin.")}
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["parent"]
        choice.queryset = Comment.objects.filter(pin=self.instance.pin_id)
