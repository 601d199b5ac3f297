"""Addresses that hold something which no page asks for: refused with 400, which says what part it is."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from tgadmin.core.errors import UserError
from tgadmin.core.ids import row_id

SEARCH_LENGTH, SEARCH_WORDS = 200, 10
NO_PAGE = "There is no such page."
TOO_MUCH = f"Search for at most {SEARCH_WORDS} words and {SEARCH_LENGTH} characters."
NO_TEXT = "It holds characters that no text has."
UNREADABLE = "\ufffd"
"""What bytes become that are no UTF-8."""
SHOWN = 60
"""Characters of a parameter's name that the page repeats; of its value none."""


class NotUnderstood(UserError, BadRequest):
    """A parameter of the address that is unknown there, or whose value cannot be. ``why`` is a sentence for people."""

    code = "PARAMETER_INVALID"

    def __init__(self, parameter: str, why: str = "") -> None:
        super().__init__(self.code, why or "It is not among those that this page knows.")
        self.parameter = parameter


def check_page(page: str | None, name: str, deepest: int | None = None) -> None:
    """Raises NotUnderstood for what is no page's number, and for one beyond the ``deepest``."""
    if page is None:
        return
    number = row_id(page)
    if not number:
        raise NotUnderstood(name, NO_PAGE)
    if deepest is not None and number > deepest:
        raise NotUnderstood(name, f"This list goes to page {deepest}: search, or choose a filter.")


def check_search(text: str, name: str) -> None:
    """Raises NotUnderstood for what nobody searches for."""
    if len(text) > SEARCH_LENGTH or len(text.split()) > SEARCH_WORDS:
        raise NotUnderstood(name, TOO_MUCH)
    if any(char == UNREADABLE or unicodedata.category(char) in ("Cc", "Cs") for char in text):
        raise NotUnderstood(name, NO_TEXT)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's page for 400: with the part that was not understood where that is known, and a link that leaves it
    out."""
    context: dict[str, str] = {}
    if isinstance(exception, NotUnderstood):
        rest = request.GET.copy()
        rest.pop(exception.parameter, None)
        query = f"?{rest.urlencode()}" if rest and request.method in ("GET", "HEAD") else ""
        context = {
            "parameter": _shown(exception.parameter),
            "message": exception.message,
            "without": request.path + query,
        }
    return HttpResponse(render_to_string("400.html", context), status=400)


def _shown(name: str) -> str:
    readable = "".join(char if char.isprintable() else "\ufffd" for char in name)
    return readable if len(readable) <= SHOWN else f"{readable[:SHOWN]}…"
