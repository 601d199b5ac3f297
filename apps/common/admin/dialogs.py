"""Dialogs of the admin's actions: what they ask."""

from __future__ import annotations

from typing import Any

from unfold.forms import BaseDialogForm


class ConfirmForm(BaseDialogForm):
    """A dialog that only asks to confirm."""


def dialog(title: str, description: str, submit: str, form: type[BaseDialogForm] = ConfirmForm) -> dict[str, Any]:
    """Unfold's settings for an action that is asked about first."""
    return {"title": title, "description": description, "form_class": form, "form_submit_text": submit}
