"""Nothing is shown to a login whose second factor has still to be given: not a page, not a file, not a list. And what
a stolen login must not do is done only after its user has shown again that it is them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from apps.common.user_errors import refusal
from apps.staff import confirming, selectors
from apps.staff.selectors import Missing
from apps.staff.services.audit import NotConfirmed

OPEN = frozenset({
    "admin:login", "admin:logout", "join", "staff:verify", "staff:add", "staff:confirm", "healthz", "readyz",
})  # fmt: skip
"""What a login may ask for that has given its password only; ``staff:add`` and ``staff:confirm`` refuse whoever has a
second factor."""
POLLS = frozenset({
    "signin:status", "demo:status", "accounts:devices_status",
    "accounts:proxy_status", "accounts:check_status",
})  # fmt: skip
"""What pages ask for by themselves: no use of the login."""
UNATTENDED, AGAIN = "X-Unattended", ("again", "open")
"""A page says of whatever else it asks for without anybody's doing: by a header, or in the address where it loads
itself again. It is taken at its word, since that only makes a login end sooner."""

MESSAGE = "Give your second factor first: reload the page. What you wrote is kept."


class SecondFactor:
    """Must stand after OTPMiddleware. Every view is behind it unless it is named above."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        name = match.view_name if match is not None else ""
        if name in OPEN or not request.user.is_authenticated:
            return None
        if name not in POLLS and not _is_unattended(request):
            request.session.use()  # type: ignore[attr-defined]  # ours (apps/staff/logins.py)
        if request.user.is_verified():  # type: ignore[attr-defined]  # OTPMiddleware's
            return None
        lacks = selectors.missing(request.user)
        return None if lacks is Missing.NOTHING else _refusal(request, lacks)


def _is_unattended(request: HttpRequest) -> bool:
    if UNATTENDED in request.headers:
        return True
    return request.method in ("GET", "HEAD") and any(name in request.GET for name in AGAIN)


def _refusal(request: HttpRequest, lacks: Missing) -> HttpResponse:
    if "text/html" not in request.headers.get("Accept", "text/html"):
        answer: HttpResponse = refusal("SECOND_FACTOR", MESSAGE, 401)
    else:
        page = reverse("staff:verify" if lacks is Missing.CODE else "staff:add")
        back = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("admin:index")
        answer = HttpResponseRedirect(f"{page}?{urlencode({'next': back})}")
    answer["Cache-Control"] = "no-store"
    return answer


class Confirmation:
    """Must stand after SecondFactor. What it asks for, and when: apps/staff/confirming.py."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        user, match = request.user, request.resolver_match
        name = match.view_name if match is not None else ""
        if not isinstance(user, User) or not user.is_staff or name == "staff:confirm" or _lacks_code(request, name):
            return None
        # A view that checks its forms by itself decides first how they are read: none of them carries an answer.
        if not getattr(view, "csrf_exempt", False) and confirming.is_answered(request):
            refusal = confirming.take(request, user, action=request.get_full_path(), sent=True)
            if refusal is not None:
                return refusal
        request.is_confirmed = confirming.is_confirmed(request)  # type: ignore[attr-defined]  # asked by core/origin.py
        return None if request.is_confirmed or not confirming.must_ask(request, name) else confirming.ask(request)  # type: ignore[attr-defined]

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What ``audit`` refuses: nothing of it was done."""
        return confirming.ask(request) if isinstance(exception, NotConfirmed) else None


def _lacks_code(request: HttpRequest, name: str) -> bool:
    """At an address that is open to a login whose second factor is still to be given: it is sent to give that first."""
    verified = request.user.is_verified()  # type: ignore[union-attr]  # OTPMiddleware's
    return name in OPEN and not verified and selectors.missing(request.user) is Missing.CODE
