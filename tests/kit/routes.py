"""Every address of the project, examples for what they take, and what a visitor's answer amounts to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import models
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver
from django_q.models import Failure, Schedule

from apps.chats.models import Chat, Message, UnreadableUpdate
from apps.sessions.models import SessionGrant
from apps.staff.models import AuditEntry
from apps.staff.services.audit import audit
from tests.kit.people import SECRET

APPS = ("commands", "tg_sessions", "signin", "chats", "staff", "monitoring", "tgadmin")
REGEX_LABELS = re.compile(r"\^\(\?P<app_label>([\w|]+)\)/\$")


def routes(resolver: Any = None, before: str = "") -> Iterator[str]:
    """Every pattern of the project, whole."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield from _labels(route)
        else:
            yield from routes(pattern, route)


def _labels(route: str) -> list[str]:
    """The page of an app's models is one address for each app."""
    found = REGEX_LABELS.search(route)
    if found is None:
        return [route.replace("(?P<url>.*)$", "<anything else>")]
    return [REGEX_LABELS.sub(f"{label}/", route) for label in found[1].split("|")]


@dataclass(frozen=True)
class Examples:
    """One row of everything, all of them of the account in question."""

    rows: dict[type[models.Model], models.Model]
    chat: Chat

    def address(self, route: str) -> str:
        """The address of an example. Fails for a placeholder that nobody has thought of."""
        given = {"session_id": self.chat.session_id, "chat_id": self.chat.pk}
        given["attempt_id"] = next(row.pk for model, row in self.rows.items() if model.__name__ == "SignInAttempt")
        given["user_id"] = self.rows[User].pk
        model = re.match(r"admin/(\w+)/(\w+)/<", route)
        if model is not None and model[1] != "security":
            given["object_id"] = given["id"] = self.rows[apps.get_model(model[1], model[2])].pk
        route = route.replace("<anything else>", "somewhere")
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(given[found[1]]), route)


@pytest.fixture
def examples(chat: Chat) -> Examples:
    session = chat.session
    stranger = User.objects.create_user("colleague", is_staff=True)
    audit(stranger, "session.renamed", session, name=SECRET)
    made: list[models.Model] = [
        AuditEntry.objects.filter(session_id=session.pk)[0],
        UnreadableUpdate.objects.create(session=session, data=b"x", kind="Update", reason="x"),
        SessionGrant.objects.create(session=session, user=stranger, role=1),
        AccessAttempt.objects.create(username="colleague", ip_address="192.0.2.1", failures_since_start=9),
        Failure.objects.create(
            id="f", name="f", func="f", success=False, started="2026-01-01T00:00Z", stopped="2026-01-01T00:00Z"
        ),
        Schedule.objects.all()[0],
        Group.objects.create(name="Team"),
        stranger,
    ]
    rows: dict[type[models.Model], models.Model] = {type(row): row for row in made}
    for model in apps.get_models():
        if model not in rows and model._meta.app_label in APPS:
            row = model._default_manager.first()
            if row is not None:
                rows[model] = row
    rows[Message] = Message.objects.filter(chat=chat)[0]
    return Examples(rows, chat)


def outcome(client: Client, route: str, response: HttpResponse) -> str:
    """A redirect is followed; the admin leads to its first page from a row that it does not show."""
    if response.status_code in (301, 302):
        to = response["Location"]
        if "/admin/login/" in to:
            return "sign in"
        if to == "/admin/":
            return "hidden" if "<path:object_id>" in route else "yes"
        moved = response.wsgi_request.method == "GET" and to != response.wsgi_request.get_full_path()
        return outcome(client, route, client.get(to)) if moved else "yes"
    return {401: "sign in", 403: "no", 404: "hidden", 405: "–"}.get(response.status_code, "yes")
