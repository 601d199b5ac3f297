"""Opens every page of every chat of a session, as selectors give it, as the hub reads it, by HTTP and in the admin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.chats.live.hub.frames import events_frames
from apps.chats.live.hub.reader import Reader
from apps.chats.models import Chat, Message, Peer, UnreadableUpdate
from apps.chats.selectors import history, lists, live
from apps.sessions.models import Session, SessionGrant
from apps.staff.roles import Role

MOST_PAGES = 100_000
BEYOND = 2**31 - 1


class Opened:
    """What was tried, and what did not open: (what, why)."""

    def __init__(self) -> None:
        self.count = 0
        self.failed: list[tuple[str, str]] = []

    def attempt(self, what: str, work: Callable[[], Any]) -> Any:
        """Its answer as a page would get it, or None."""
        self.count += 1
        try:
            made = work()
            json.dumps(made, allow_nan=False, ensure_ascii=False).encode()
        except Exception as error:  # noqa: BLE001 - whatever it is, the page does not open
            self.failed.append((what, f"{type(error).__name__}: {str(error)[:200]}"))
            return None
        return made


async def open_all(session_id: int, *, sample: int = 20) -> Opened:
    """Everything of the session. ``sample``: chats that are opened by HTTP too, and rows of each kind in the admin."""
    opened = Opened()
    with ThreadPoolExecutor(1) as pool:  # rows that others have committed: a thread with a connection of its own
        await asyncio.get_running_loop().run_in_executor(pool, _in_thread, opened, session_id, sample)
    await _hub(opened, session_id)
    return opened


def _in_thread(opened: Opened, session_id: int, sample: int) -> None:
    try:
        chats = opened.attempt(
            "chats", lambda: list(Chat.objects.filter(session_id=session_id).values_list("pk", flat=True))
        )
        for chat_id in chats or ():
            _selectors(opened, chat_id)
        _list(opened, session_id)
        user = User.objects.create_superuser(f"hostile-{session_id}", password="a long enough password")
        try:
            SessionGrant.objects.create(session_id=session_id, user=user, role=Role.MANAGER)
            _http(opened, user, session_id, (chats or [])[:sample])
            _admin(opened, user, session_id, sample)
            _command(opened, user, session_id, (chats or [])[:3])
        finally:
            user.delete()
            with connection.cursor() as cursor:  # what the audit was told was committed; the tests' own may be emptied
                cursor.execute("TRUNCATE audit_entries")
    finally:
        connection.close()


def _selectors(opened: Opened, chat_id: int) -> None:
    """The newest page, then every older one, and those that begin in the middle."""
    chat = Chat.objects.get(pk=chat_id)
    found = opened.attempt(f"newest of {chat_id}", lambda: history.newest(chat, whole=True))
    for _ in range(MOST_PAGES):
        ids = [one["tid"] for one in (found or {}).get("messages", []) if one["tid"] is not None]
        if not ids:
            break
        low = min(ids)
        found = opened.attempt(f"before {low} of {chat_id}", lambda low=low: history.before(chat, low, whole=True))
    opened.attempt(f"after 0 of {chat_id}", lambda: history.after(chat, 0, whole=True))
    opened.attempt(f"around of {chat_id}", lambda: history.around(chat, BEYOND, whole=True))
    opened.attempt(f"row of {chat_id}", lambda: lists.payloads([chat_id]))
    opened.attempt(f"reset of {chat_id}", lambda: live.resets([chat_id], whole=True))


def _list(opened: Opened, session_id: int) -> None:
    for tab in lists.TABS:
        after = None
        for _ in range(MOST_PAGES):
            page = opened.attempt(
                f"list {tab}", lambda after=after, tab=tab: lists.page({session_id: True}, tab=tab, after=after)
            )
            if not page or page["more"] is None:
                break
            after = lists.cursor(page["more"])


def _http(opened: Opened, user: User, session_id: int, chats: list[int]) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    addresses = [f"/chats/{session_id}/", f"/chats/{session_id}/list/"]
    for chat_id in chats:
        base = f"/chats/{session_id}/{chat_id}/"
        addresses += [
            base,
            f"{base}history/",
            f"{base}history/?before={BEYOND}",
            f"{base}history/?after=0",
            f"{base}details/",
        ]
    for address in addresses:
        opened.attempt(address, lambda address=address: _ok(client, address))


def _admin(opened: Opened, user: User, session_id: int, sample: int) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    mine = {
        Chat: {"session_id": session_id}, Message: {"session_id": session_id}, Peer: {"session_id": session_id},
        UnreadableUpdate: {"session_id": session_id}, Session: {"pk": session_id},
    }  # fmt: skip
    for model, where in mine.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        opened.attempt(f"{name} list", lambda name=name: _ok(client, reverse(f"{name}_changelist")))
        for pk in model._default_manager.filter(**where).order_by("-pk").values_list("pk", flat=True)[:sample]:
            opened.attempt(f"{name} {pk}", lambda name=name, pk=pk: _ok(client, reverse(f"{name}_change", args=(pk,))))


def _command(opened: Opened, user: User, session_id: int, chats: list[int]) -> None:
    for as_json in ((), ("--json",)):
        common = ("--user", user.username, "--limit", "100000", *as_json)
        opened.attempt("chat list", lambda common=common: _said("chat", "list", str(session_id), *common))
        for chat_id in chats:
            opened.attempt(
                f"chat history {chat_id}",
                lambda common=common, chat_id=chat_id: _said("chat", "history", str(chat_id), *common),
            )


def _said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def _ok(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    text = answer.content.decode()
    if answer["Content-Type"].startswith("application/json"):
        json.loads(text, parse_constant=_no_number)
    return text


def _no_number(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


async def _hub(opened: Opened, session_id: int) -> None:
    """Every event of every chat, as the hub of the live pages reads and says it."""
    reader = Reader()
    try:
        rows = await reader.rows([session_id], 10.0**9)
        floors = {row.id: 0 for row in rows}
        while floors:
            changes = await reader.changes(floors)
            for chat_id, change in changes.items():
                floor = min(floors[chat_id], change.kept_from - 1)
                opened.attempt(
                    f"events of {chat_id}",
                    lambda c=change, f=floor: [json.loads(one.text) for one in events_frames(c, f, None)],
                )
            floors = {chat_id: change.last for chat_id, change in changes.items() if change.more}
    except Exception as error:  # noqa: BLE001 - as above
        opened.failed.append(("hub", f"{type(error).__name__}: {str(error)[:200]}"))
    finally:
        await reader.close()
