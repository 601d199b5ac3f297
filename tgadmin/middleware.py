"""What every request passes: whence it comes is noted; addresses that no row can have are refused; so are requests
that no database connection is free for; the admin's exception to the content security policy, since Unfold's Alpine
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
from django.views.defaults import server_error

from tgadmin.addresses import NO_TEXT, NotUnderstood
from tgadmin.core import origin, pool


class Whence:
    """What is recorded during a request can say from where it came and who was signed in (tgadmin/core/origin.py)."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        def user() -> Any:
            found = getattr(request, "user", None)
            return found if found is not None and found.is_authenticated else None

        agent = origin.short_agent(request.headers.get("User-Agent", ""))
        token = origin.current.set(origin.Origin(client_address(request), agent, user))
        try:
            return self.get_response(request)
        finally:
            origin.current.reset(token)


def client_address(request: HttpRequest) -> str:
    """The client's IP address, as our own proxies tell it; empty when there is none."""
    remote, forwarded = request.META.get("REMOTE_ADDR") or "", request.headers.get("X-Forwarded-For", "")
    return origin.client_address(remote, forwarded, settings.TRUSTED_PROXIES)


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
        match = request.resolver_match
        if match is not None and {"admin", "staff"}.intersection(match.app_names):
            response._csp_replace = {  # type: ignore[attr-defined]
                "script-src": [SELF, UNSAFE_EVAL],
                "style-src": [SELF, UNSAFE_INLINE],
            }
        return response


class Busy:
    """503 with Retry-After when every database connection of this process is taken and enough others wait."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return busy(request) if pool.is_full(exception) else None


def busy(request: HttpRequest) -> HttpResponse:
    """A page for people, {"code", "says"} for scripts; needs no database."""
    headers = {"Retry-After": str(pool.RETRY_AFTER), "Cache-Control": "no-store"}
    if "text/html" in request.headers.get("Accept", ""):
        return HttpResponse(render_to_string("503.html", {"says": pool.SAYS}), status=503, headers=headers)
    return JsonResponse({"code": "BUSY", "says": pool.SAYS}, status=503, headers=headers)


def failed(request: HttpRequest) -> HttpResponse:
    """Django's page for errors; what middleware raised, which no ``process_exception`` sees, may be a full pool too."""
    return busy(request) if pool.is_full(sys.exc_info()[1]) else server_error(request)
