"""What django-axes asks: the address that a sign-in comes from, who is locked out, and the page for them.

Two limits: of a name from an address (AXES_FAILURE_LIMIT), and of an address under any names
(LOGIN_FAILURES_PER_ADDRESS). A name alone is never locked: strangers would keep its owner out from afar.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from apps.staff import selectors
from tgadmin.core import origin
from tgadmin.middleware import client_address

MOST_ROWS = 20_000
"""Wrong sign-ins that are held at a time."""


def address(request: HttpRequest) -> str:
    """The client's, behind our own proxies; of an IPv6 client the network, which is their own."""
    return origin.network_of(client_address(request))


def axes_address(request: HttpRequest) -> str | None:
    return address(request) or None


class Handler(AxesDatabaseHandler):
    """Axes' own, with the limit of an address beside that of a name from it, and of all that it writes down."""

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        """Axes drops what is older than a lock-out with each failure; what is left grows no further by names that
        nobody has, whose password nobody can guess."""
        name = get_client_username(request, credentials) or ""
        if AccessAttempt.objects.count() < MOST_ROWS or User.objects.filter(username=name.replace("\x00", "")).exists():
            super().user_login_failed(sender, credentials, request, **kwargs)

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        name = get_client_username(request, credentials) or ""
        return selectors.locked_until(name, address(request)) is not None

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Axes asks after it has counted a failure. Above an address's limit a name's counts as reached."""
        failures: int = super().get_failures(request, credentials)
        if request.user.is_authenticated or selectors.address_locked_until(address(request)) is None:
            return failures
        return max(failures, settings.AXES_FAILURE_LIMIT)


def is_name_locked(request: HttpRequest, username: str) -> bool:
    """From the request's address. Who is signed in already is not asked again: a locked address does not touch them."""
    return selectors.name_locked_until(username, address(request)) is not None


def page(request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None) -> HttpResponse:
    """429, what is locked, and until when."""
    name = str((credentials or {}).get("username") or request.POST.get("username", "")).replace("\x00", "")
    of_name, of_address = selectors.name_locked_until(name, address(request)), None
    if of_name is None or not request.user.is_authenticated:
        of_address = selectors.address_locked_until(address(request))
    until = max(filter(None, (of_name, of_address)), default=timezone.now())
    context = {**admin.site.each_context(request), "title": "Locked for now", "until": until}
    context["whole_address"] = until == of_address
    answer = render(request, "staff/locked.html", context, status=429)
    answer["Retry-After"] = str(max(1, ceil((until - timezone.now()).total_seconds())))
    answer["Cache-Control"] = "no-store"
    return answer
