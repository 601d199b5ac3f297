"""What every request passes: addresses that no row can have are refused; the admin's exception to the content security
policy, since Unfold's Alpine evaluates expressions and sets styles."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse


class NoNul:
    """400 for an address with a NUL character: PostgreSQL's text holds none, so it names nothing here.

    What comes in forms is checked by the forms.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path or "%00" in request.META["QUERY_STRING"]:
            raise BadRequest("NUL in the address")
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
        if match is not None and "admin" in match.app_names:
            response._csp_replace = {  # type: ignore[attr-defined]
                "script-src": [SELF, UNSAFE_EVAL],
                "style-src": [SELF, UNSAFE_INLINE],
            }
        return response
