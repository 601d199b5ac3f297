"""What django-axes asks: the address that a sign-in comes from, and the page for who is locked out."""

from __future__ import annotations

from math import ceil
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from apps.staff import selectors
from tgadmin.core import origin
from tgadmin.middleware import client_address


def address(request: HttpRequest) -> str:
    """The client's, behind our own proxies; of an IPv6 client the network, which is his own."""
    return origin.network_of(client_address(request))


def axes_address(request: HttpRequest) -> str | None:
    return address(request) or None


def is_locked(request: HttpRequest, username: str) -> bool:
    return selectors.locked_until(username, address(request)) is not None


def page(request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None) -> HttpResponse:
    """429, and until when."""
    name = str((credentials or {}).get("username") or request.POST.get("username", "")).replace("\x00", "")
    until = selectors.locked_until(name, address(request)) or timezone.now()
    context = {**admin.site.each_context(request), "title": "Locked for now", "until": until}
    answer = render(request, "staff/locked.html", context, status=429)
    answer["Retry-After"] = str(max(1, ceil((until - timezone.now()).total_seconds())))
    answer["Cache-Control"] = "no-store"
    return answer
