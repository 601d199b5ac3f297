"""What the admin's Ctrl K shows: accounts, chats and pages of the menu that are called so. Nothing of it is kept: what
one may no longer see is not found any more."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from apps.chats.selectors import finding
from apps.common.pages import user_of
from apps.sessions.admin.base import status_badge
from apps.sessions.pages import account_page
from tgadmin.addresses import NotUnderstood, check_search

WORDS = "s"
"""The one parameter of the address."""


class Hit(NamedTuple):
    """A line: where it leads, what it is called, and what says which one it is."""

    link: str
    title: str
    icon: str
    about: str
    badge: SafeString | str = ""


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """A fragment for templates/unfold/helpers/command.html; without words, what can be found."""
    for name in request.GET:
        if name != WORDS:
            raise NotUnderstood(name)
    check_search(request.GET.get(WORDS, ""), WORDS)
    text = " ".join(request.GET.get(WORDS, "").split())
    user = user_of(request)
    hits: list[Hit] = []
    if text:
        for session in finding.accounts(user, text):
            about = " · ".join(filter(None, (session.profile_name, session.username and f"@{session.username}")))
            hits.append(Hit(account_page(session.pk), session.name, "sim_card", about, status_badge(session)))
        for chat in finding.chats(user, text):
            address = reverse("chats:chat", args=(chat.session_id, chat.pk))
            hits.append(Hit(address, chat.title or "Chat without a name", "forum", f"Chat of {chat.session.name}"))
        hits += _pages(request, text.lower())
    return render(request, "chats/found.html", {"hits": hits, "text": text})


def _pages(request: HttpRequest, text: str) -> list[Hit]:
    """Of the menu that the user has."""
    groups: list[dict[str, Any]] = admin.site.get_sidebar_list(request)  # type: ignore[attr-defined]  # Unfold's
    items = [item for group in groups for item in group["items"] if item["has_permission"]]
    found = [item for item in items if text in item["title"].lower()]
    return [Hit(str(item["link"]), item["title"], item["icon"], "Page") for item in found]
