"""Dialogs of the admin's actions: what they ask, and where they lead."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.forms import BaseDialogForm


class ConfirmForm(BaseDialogForm):
    """A dialog that only asks to confirm."""


def dialog(title: str, description: str, submit: str, form: type[BaseDialogForm] = ConfirmForm) -> dict[str, Any]:
    """Unfold's settings for an action that is asked about first."""
    return {"title": title, "description": description, "form_class": form, "form_submit_text": submit}


def redirect(request: HttpRequest, address: str) -> HttpResponse:
    """To another page; a dialog, which htmx posts, is told by a header of htmx's own."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
