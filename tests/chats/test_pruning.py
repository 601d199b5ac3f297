"""Events that are no longer kept: how many, how old; what goes is the beginning of a chat's numbers."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from apps.chats import tasks
from apps.chats.models import Chat, Event
from apps.chats.services import pruning
from apps.sessions.models import Session
from tests.kit import world

pytestmark = pytest.mark.django_db


def happened(chat: Chat, count: int, days_ago: int = 0) -> None:
    first, at = chat.last_event + 1, timezone.now() - timedelta(days=days_ago)
    Event.objects.bulk_create(
        Event(chat=chat, number=number, kind="message", at=at) for number in range(first, first + count)
    )
    chat.last_event += count
    chat.save()


def kept(chat: Chat) -> list[int]:
    return list(Event.objects.filter(chat=chat).order_by("number").values_list("number", flat=True))


@pytest.mark.parametrize("batch", [2, 10_000])
def test_by_count(session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(pruning, "BATCH", batch)
    settings.EVENTS_KEPT_PER_CHAT = 3
    busy, other, quiet = (world.make_chat(session, name) for name in ("Busy", "Other", "Quiet"))
    happened(busy, 10)
    happened(other, 5)
    happened(quiet, 3)
    assert tasks.prune_events() == {"events": 9}
    assert (kept(busy), kept(other), kept(quiet)) == ([8, 9, 10], [3, 4, 5], [1, 2, 3])
    assert tasks.prune_events() == {"events": 0}


@pytest.mark.parametrize("batch", [2, 10_000])
def test_by_age(session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(pruning, "BATCH", batch)
    settings.EVENTS_KEPT_DAYS = 7
    chat, asleep = world.make_chat(session, "Some"), world.make_chat(session, "Asleep")
    happened(chat, 4, days_ago=8)
    happened(chat, 2, days_ago=6)
    happened(asleep, 3, days_ago=30)
    assert tasks.prune_events() == {"events": 7}
    assert (kept(chat), kept(asleep)) == ([5, 6], [])


def test_no_hole_when_times_do_not_grow_with_numbers(session: Session, settings: Settings) -> None:
    """A transaction's time is that of its beginning: one that waited for the chat's lock has an older time."""
    settings.EVENTS_KEPT_DAYS = 7
    chat = world.make_chat(session, "Some")
    for days_ago in (8, 6, 8, 6):
        happened(chat, 1, days_ago)
    tasks.prune_events()
    assert kept(chat) == [4]
