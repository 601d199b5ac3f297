"""How a UserError is shown, once for each surface of the browser; commands have apps/common/commandline.py, the socket
apps/chats/live/consumers.py, background tasks apps/common/worker.py."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, Self

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string

from apps.common.cascades import is_orphan
from tgadmin.core.errors import UserError

log = logging.getLogger(__name__)
View = Callable[..., HttpResponse]
CONFLICT, FAULT = 409, 500
STATUS = {"KEYS_MISSING": 500, "TOO_MANY_SIGN_INS": 429, "TOO_MANY_TRIES": 429, "TOO_MANY_WAITING": 429}
"""By code; all others are conflicts with how things stand."""
DELETED = UserError("NOT_FOUND", "This was deleted a moment ago.")
"""What a write comes to whose account was deleted meanwhile."""
OWN_PAGES = (BadRequest, PermissionDenied)
"""What Django answers with a page of its own, wherever it is raised."""


def status_of(error: UserError) -> int:
    """The HTTP status that goes with it."""
    if isinstance(error, PermissionDenied):
        return 403
    return 400 if isinstance(error, BadRequest) else STATUS.get(error.code, CONFLICT)


def record(error: UserError) -> None:
    """What is a fault of the installation, and none of the user's, is told to whoever runs it too."""
    if status_of(error) >= FAULT:
        log.error("%s: %s", error.code, error.message)


def refusal(code: str, message: str, status: int, **more: Any) -> JsonResponse:
    """The form in which programs and the pages' scripts get every refusal; no cache keeps it."""
    answer = {"code": code, "message": message, **more}
    return JsonResponse(answer, status=status, headers={"Cache-Control": "no-store"})


def as_json(error: UserError) -> JsonResponse:
    """``until`` is there where a time is known: ISO 8601."""
    record(error)
    until = {} if error.until is None else {"until": error.until.isoformat()}
    return refusal(error.code, error.message, status_of(error), **until)


def as_page(error: UserError) -> HttpResponse:
    """A whole page, for what no form or button shows."""
    record(error)
    page = render_to_string("user_error.html", {"error": error})
    return HttpResponse(page, status=status_of(error), headers={"Cache-Control": "no-store"})


def go(request: HttpRequest, address: str) -> HttpResponse:
    """To another page; a dialog, which htmx posts, is told by a header of htmx's own."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def back(request: HttpRequest, error: UserError, address: str) -> HttpResponse:
    """To the page that one comes from, with the sentence on it."""
    record(error)
    messages.error(request, error.message)
    return go(request, address)


def button(address: Callable[..., str]) -> Callable[[View], View]:
    """For views that a button posts to: what is refused is shown on the page at ``address``, which gets the view's own
    arguments. What has a page of its own (403, 400) is raised on."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except OWN_PAGES:
                raise
            except UserError as error:
                return back(request, error, address(*args, **kwargs))

        return guarded

    return decorate


class Inline:
    """For pages whose form shows the refusal: ``with Inline() as refused:`` keeps it in ``refused.error``. What has a
    page of its own (403, 400) is raised on."""

    error: UserError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, UserError) or isinstance(error, OWN_PAGES):
            return False
        record(error)
        self.error = error
        return True


class UserErrors:
    """Middleware: a page for people, {"code", "message"} for scripts, for all that views raise and do not show."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """None, which leaves it to Django: no UserError, or one that has a page of Django's."""
        if is_orphan(exception):
            exception = DELETED
        if not isinstance(exception, UserError):
            return None
        accepted = request.headers.get("Accept", "")
        if isinstance(exception, OWN_PAGES):
            return as_json(exception) if "application/json" in accepted else None
        return as_page(exception) if "text/html" in accepted else as_json(exception)
