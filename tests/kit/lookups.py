"""Every list of the admin, people who look at it, and odd values for what its addresses take."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client

from apps.chats.models import Chat
from apps.staff.services.audit import audit
from tests.kit.confirmed import confirmed
from tests.kit.people import person

PEOPLE = ("superuser", "manager", "viewer", "nobody")
NUMBER = "9" * 5000
ODD = (
    "(canary", "999999", "-5", "1e400", NUMBER, "banana", "%F0%9F", "%ED%A0%80", "99999999999999999999", "{canary",
    "1,2,canary", "' or 1=1--", "9999-12-31T25:00", "canary" * 60, "%00", "%D9%A3", "",
)  # fmt: skip
"""As they stand in an address."""
EVERY = 11
"""In the short form one lookup of so many is tried; with the number of people and values it has no common factor."""

Some = Callable[..., Iterator[Any]]
Registered = tuple[type[Model], Any]
REGISTERED: list[Registered] = sorted(admin.site._registry.items(), key=lambda pair: pair[0]._meta.label)
LISTS = [pytest.param(pair, id=pair[0]._meta.label_lower) for pair in REGISTERED]


@pytest.fixture
def someone(chat: Chat) -> Callable[[str], Client]:
    """A browser in which that person is signed in; server errors are answers."""
    audit(None, "session.renamed", chat.session, name="x")

    def sign_in(who: str) -> Client:
        client = Client(raise_request_exception=False)
        user = person(who, chat.session)
        assert user is not None
        client.force_login(user)
        return confirmed(client)

    return sign_in


@pytest.fixture
def some(request: pytest.FixtureRequest) -> Some:
    """All of them with ``--long``, else one of so many."""
    is_long = request.config.getoption("--long")
    return lambda items, every=EVERY: itertools.islice(items, 0, None, 1 if is_long else every)


@contextmanager
def no_statement_with(value: str) -> Iterator[None]:
    """Fails when a statement is given the value."""
    readable = unquote(value)

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        held = str(params.values() if isinstance(params, dict) else params)
        assert len(readable) < 4 or readable not in held, sql
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield
