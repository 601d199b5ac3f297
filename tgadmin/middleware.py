"""What every request passes: where it comes from is noted; addresses that no row can have are refused; what the
database cannot do just now is said; the admin's exception to the content security policy, since Unfold's Alpine
evaluates expressions and sets styles."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.defaults import server_error

from tgadmin.addresses import NO_TEXT, NotUnderstood
from tgadmin.core import origin, pool
from tgadmin.core.visitors import visitors


class RequestOriginMiddleware:
    """What is recorded during a request can say from where it came and who was signed in (tgadmin/core/origin.py)."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        def user() -> Any:
            found = getattr(request, "user", None)
            return found if found is not None and found.is_authenticated else None

        def confirmed() -> bool:
            return bool(getattr(request, "is_confirmed", False))  # set by apps/staff/middleware.py

        agent = origin.short_agent(request.headers.get("User-Agent", ""))
        token = origin.current.set(origin.Origin(client_address(request), agent, user, confirmed))
        try:
            return self.get_response(request)
        finally:
            origin.current.reset(token)


def client_address(request: HttpRequest) -> str:
    """The client's IP address, as our own proxies tell it; empty when there is none."""
    remote, forwarded = request.META.get("REMOTE_ADDR") or "", request.headers.get("X-Forwarded-For", "")
    return origin.client_address(remote, forwarded, settings.TRUSTED_PROXIES)


class Visitors:
    """Notes who is signed in, so that the server takes their next requests before those of anybody (tgadmin/web)."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.session.accessed and request.user.is_authenticated:
            key = request.session.session_key  # after a sign-in: the new one
            if key:
                visitors.note(key)
        return response


class NoNul:
    """400 for an address with a NUL character: PostgreSQL's text holds none, so it names nothing here.

    What comes in forms is checked by the forms.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path:
            raise BadRequest("NUL in the address")
        if "%00" in request.META["QUERY_STRING"]:
            holding = (name for name, values in request.GET.lists() if "\x00" in "".join((name, *values)))
            raise NotUnderstood(next(holding, ""), NO_TEXT)
        return self.get_response(request)


class AdminContentSecurity:
    """Adds 'unsafe-eval' for scripts and 'unsafe-inline' for styles to pages of the admin, and to no others.

    Must stand after CSPMiddleware, which reads what this one leaves on the response.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.resolver_match is not None and request.path.startswith(reverse("admin:index")):
            response._csp_replace = {  # type: ignore[attr-defined]
                "script-src": [SELF, UNSAFE_EVAL],
                "style-src": [SELF, UNSAFE_INLINE],
            }
        return response


class Busy:
    """503 with Retry-After, and why, when the database cannot do what was asked (core/pool.py)."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        found = pool.trouble(exception)
        return None if found is None else in_trouble(request, found)


def in_trouble(request: HttpRequest, trouble: pool.Trouble) -> HttpResponse:
    """A page for people, {"code", "message"} for scripts; needs no database."""
    headers = {"Retry-After": str(trouble.retry_after), "Cache-Control": "no-store"}
    if "text/html" in request.headers.get("Accept", ""):
        return HttpResponse(render_to_string("503.html", {"trouble": trouble}), status=503, headers=headers)
    return JsonResponse({"code": trouble.code, "message": trouble.message}, status=503, headers=headers)


def failed(request: HttpRequest) -> HttpResponse:
    """Django's page for errors; what middleware raised, which no ``process_exception`` sees, may be the same."""
    found = pool.trouble(sys.exc_info()[1])
    return server_error(request) if found is None else in_trouble(request, found)
