"""Dialogs of the admin's actions: what they ask, and how the question and what follows it are shown.

htmx puts them into the page's own dialog (templates/unfold/helpers/modal.html); opened by their address they are whole
pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from unfold.forms import BaseDialogForm

from apps.common.pages import page


class ConfirmForm(BaseDialogForm):
    """A dialog that only asks to confirm."""


@dataclass(frozen=True, slots=True)
class Dialog:
    """What an action asks first. ``title`` is followed by the name of what it is done to and a question mark."""

    title: str
    description: str
    submit: str
    form: type[BaseDialogForm]


def dialog(title: str, description: str, submit: str, form: type[BaseDialogForm] = ConfirmForm) -> Dialog:
    """An action's question."""
    return Dialog(title, description, submit, form)


def question(
    request: HttpRequest, asked: Dialog, form: Form, *, about: str, back: str, is_danger: bool
) -> HttpResponse:
    """The question about the thing that is named ``about``; ``back``: the address of the page that it stands on."""
    if form.is_bound:
        for field in form.visible_fields():
            if field.errors:
                field.field.widget.attrs["autofocus"] = True
                break
    context = {"dialog": asked, "form": form, "about": about, "back": back, "is_danger": is_danger}
    return shown(request, "common/dialog.html", context, f"{asked.title} {about}?")


def shown(request: HttpRequest, template: str, context: dict[str, Any], title: str) -> HttpResponse:
    """What a dialog holds: alone for htmx, within a page for whoever opens its address. The admin site lets no cache
    keep it."""
    if request.headers.get("HX-Request") == "true":
        return render(request, template, {**context, "title": title})
    return page(request, "common/dialog_page.html", {**context, "title": title, "fragment": template})
