"""Rows whose time has come, for the tests of what is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.chats.models import Chat
from apps.commands.models import Command
from apps.sessions.models import Session
from tests.kit import world

Settled = Callable[..., Command]
DAY = timedelta(days=1)


@pytest.fixture
def session(db: None) -> Session:
    return world.make_session()


@pytest.fixture
def chat(session: Session) -> Chat:
    return world.make_chat(session, "Anna")


@pytest.fixture
def settled(session: Session) -> Settled:
    def make(days_ago: float, state: str = "done", **facts: Any) -> Command:
        at = None if state in ("queued", "claimed") else timezone.now() - days_ago * DAY
        given = {"kind": "dialogs", "lane": "account"} | facts
        return Command.objects.create(
            session=session, state=state, created_at=timezone.now() - days_ago * DAY, settled_at=at, **given
        )

    return make
