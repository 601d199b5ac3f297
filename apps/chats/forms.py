"""What the live pages' reads may ask for."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.chats.selectors import lists

MAX_ID = 2**31 - 1
"""Telegram's message ids are signed 32-bit numbers."""


class ListForm(forms.Form):
    """A page of the chat list."""

    tab = forms.ChoiceField(
        choices=[(name, name) for name in lists.TABS],
        required=False,
        error_messages={"invalid_choice": "There is no such tab."},  # Django's own repeats what was asked for
    )
    q = forms.CharField(max_length=200, required=False)
    after = forms.CharField(max_length=80, required=False)

    def clean_tab(self) -> str:
        return self.cleaned_data["tab"] or "all"

    def clean_after(self) -> lists.Cursor | None:
        text = self.cleaned_data["after"]
        try:
            return lists.cursor(text) if text else None
        except (ValueError, OverflowError):
            raise forms.ValidationError("This is not a place in the list.") from None


class HistoryForm(forms.Form):
    """A page of a chat's history: the newest, or one before, after or around a message's Telegram id."""

    before = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    after = forms.IntegerField(min_value=0, max_value=MAX_ID, required=False)
    around = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)

    def clean(self) -> dict[str, Any]:
        given = {name: value for name, value in self.cleaned_data.items() if value is not None}
        if len(given) > 1:
            raise forms.ValidationError("Give one of before, after and around.")
        return given
