"""Pages of ours within the admin's frame."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

REFRESH_SECONDS = 3
"""How often a browser without JavaScript loads a page again while the gateway is asked."""


def user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the admin site requires a login  # noqa: S101
    return request.user


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The template with the admin's own context."""
    request.current_app = admin.site.name
    return render(request, template, {**admin.site.each_context(request), **context}, status=status)
