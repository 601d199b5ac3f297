"""The chat page's parts as browser tests reach them, and the gateway's part in what they wait for."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from playwright.sync_api import Locator, Page, expect

from apps.chats.models import Chat, Message
from apps.commands.models import Command
from apps.commands.services import commands
from apps.sessions.models import Session
from tests.kit import world
from tgadmin.core import types

PROMPT_MS = 4000
"""A page asks a silent server for ten seconds before it leaves it: one that is right within this time did not wait."""
HOSTILE = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>{{7*7}}"


@pytest.fixture
def session(web: object) -> Session:
    return world.make_session()


@pytest.fixture
def anna(session: Session) -> Chat:
    chat = world.make_chat(session, "Anna Kowalska")
    world.make_message(chat, 1, "Hello from Anna")
    world.make_message(chat, 2, "Our answer", out=True)
    return chat


def address(chat: Chat) -> str:
    return f"/chats/{chat.session_id}/{chat.pk}/"


def bubble(page: Page, text: str) -> Locator:
    return page.locator("article.m").filter(has_text=text)


def connected(page: Page) -> Page:
    """The page once its socket has been greeted."""
    expect(page.locator("#chats")).to_have_attribute("data-live", "open")
    return page


def wait_until(page: Page, condition: str) -> None:
    """Until the expression holds; Playwright's own wait_for_function needs eval, which the page's CSP forbids."""
    look = f"if ({condition}) {{clearInterval(timer); done();}}"
    page.evaluate(f"new Promise(done => {{const timer = setInterval(() => {{{look}}}, 10)}})")


def all_taken(page: Page) -> None:
    """Until the server has everything that was written on the page."""
    wait_until(page, "!Object.keys(localStorage).some(key => key.startsWith('tgadmin.outbox'))")


def settle_send(text: str, telegram_id: int) -> None:
    """What the gateway does with a send that Telegram took."""
    message = Message.objects.get(text=text)
    world.arrive(message.chat.session, types.MessageIdAssigned(message.random_id or 0, telegram_id))


def take(kind: str) -> Command:
    """The open command of this kind, as soon as there is one; claimed, as a gateway does."""
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    while datetime.now(UTC) < deadline:
        command = Command.objects.filter(kind=kind, state=Command.State.QUEUED).first()
        if command is not None:
            Command.objects.filter(pk=command.pk).update(state=Command.State.CLAIMED)
            return command
    raise AssertionError(f"no {kind} command was queued")


def finish(command: Command, state: str = "done", code: str = "") -> None:
    with transaction.atomic():
        commands.settle(command, state, error_code=code)


def tell_typing(chat: Chat, action: str) -> None:
    """What a gateway sends through the channel layer."""
    world.group_send(
        chat.session_id,
        {
            "type": "session.typing",
            "peer_id": chat.peer_id,
            "sender_id": chat.peer_id,
            "name": chat.title,
            "action": action,
        },
    )


def said(chat: Chat, telegram_id: int, text: str) -> types.Message:
    return types.Message(chat.peer_id, telegram_id, datetime.now(UTC), text, sender_id=chat.peer_id)
