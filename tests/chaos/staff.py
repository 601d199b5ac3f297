"""A member of staff for the tests with kills: a process of its own that uses the product's services.

Reads one JSON object per line, ``{"do": name, …}``, and answers each with one: ``{"result": …}`` or ``{"error": …}``.
Finds the running product by DATA_DIR, as every other command does.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tgadmin.settings")
    import django

    django.setup()

from django.conf import settings
from django.contrib.auth.models import User
from django.db import close_old_connections
from django.test import Client

from apps.chats.models import Chat, Event, Gap, Message
from apps.chats.services import messages
from apps.commands.models import Command, Lease
from apps.commands.services import commands
from apps.sessions.models import Session, SessionGrant
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInStep
from apps.staff.roles import Role

SECONDS = 40.0


def staff() -> User:
    return User.objects.get(username="admin")


def sign_in(phone: str, codes: str, session: int | None = None) -> int:
    """Sign an account in (again) with the code that the data centre wrote down; its session's id."""
    known = None if session is None else Session.objects.get(pk=session)
    attempt = signin.start(staff(), "Chaos", phone, session=known)
    _step(attempt, SignInStep.CODE)
    with Path(codes).open() as lines:
        code = [json.loads(line)["code"] for line in lines if json.loads(line)["phone"] == phone][-1]
    signin.submit_code(staff(), attempt, code)
    _step(attempt, SignInStep.DONE)
    attempt.refresh_from_db()
    return attempt.session_id


def _step(attempt: SignInAttempt, step: SignInStep) -> None:
    deadline = time.monotonic() + SECONDS
    while attempt.step != step or attempt.busy:
        if time.monotonic() > deadline or (attempt.error_code and not attempt.busy):
            raise RuntimeError(f"sign-in stands at {attempt.step}: {attempt.error_code}")
        time.sleep(0.05)
        attempt.refresh_from_db()


def chats(session: int) -> list[int]:
    return list(Chat.objects.filter(session_id=session).values_list("peer_id", flat=True))


def send(session: int, peer: int, text: str, cid: str | None = None) -> int:
    """The message's row; asked again with the same ``cid`` it is the same one."""
    chat = Chat.objects.get(session_id=session, peer_id=peer)
    return messages.send(staff(), chat, text, cid=uuid.UUID(cid) if cid else uuid.uuid4()).pk


def edit(message: int, text: str) -> int:
    return messages.edit(staff(), Message.objects.get(pk=message), text).pk


def delete(message: int) -> int:
    return messages.delete(staff(), [Message.objects.get(pk=message)]).pk


def send_again(session: int, code: str) -> list[int]:
    """Retry the messages that failed with this code; their rows."""
    failed = list(Message.objects.filter(session_id=session, state="failed", error_code=code).order_by("pk"))
    for message in failed:
        messages.retry(staff(), message)
    return [message.pk for message in failed]


def scroll_up(session: int) -> int:
    """Fetch the next page above what is known in each chat of the session, as its page does when somebody scrolls up
    there; how many chats had one."""
    chats = Chat.objects.filter(session_id=session, history_complete=False, left=False)
    asked = [messages.fetch_history(staff(), chat, chat.synced_from_id or 0).pk for chat in chats]
    for command in asked:
        commands.wait(command, SECONDS)
    return len(asked)


def sent(session: int) -> list[int]:
    """Our messages that Telegram has."""
    rows = Message.objects.filter(session_id=session, staff__isnull=False, state="sent", deleted_at=None)
    return list(rows.values_list("pk", flat=True))


def status(session: int) -> dict[str, Any]:
    """Where the session stands, and how much is still to be done."""
    found = Session.objects.get(pk=session)
    left = Command.objects.filter(session_id=session, state__in=commands.OPEN).count()
    failed = Command.objects.filter(session_id=session, state="failed").values_list("kind", "error_code")
    again = Command.objects.filter(session_id=session, attempts__gt=1).values_list("kind", flat=True)
    return {
        "status": found.status,
        "code": found.status_code,
        "open": left,
        "failed": [list(one) for one in failed],
        "begun_again": list(again),
    }


def state(session: int) -> dict[str, Any]:
    """Everything that is stored of the session, by chat."""
    found: dict[str, Any] = {}
    for chat in Chat.objects.filter(session_id=session):
        rows = Message.objects.filter(chat=chat).order_by("telegram_id")
        columns = ("telegram_id", "text", "out", "reply_to_id", "state", "random_id")
        found[str(chat.peer_id)] = {
            "live": [list(row) for row in rows.filter(deleted_at=None).values_list(*columns)],
            "dead": [list(row) for row in rows.exclude(deleted_at=None).values_list("telegram_id", "text")],
            "unread": chat.unread_count,
            "last": chat.last_message_id,
            "last_event": chat.last_event,
            "from": 0 if chat.history_complete else chat.synced_from_id,
            "events": list(Event.objects.filter(chat=chat).order_by("number").values_list("number", flat=True)),
        }
    return found


def login(name: str, role: str = "VIEWER") -> str:
    """The login cookie's value of a user with that role in all sessions, made if need be."""
    user, _ = User.objects.get_or_create(username=name, defaults={"is_staff": True})
    user.set_password(uuid.uuid4().hex)
    user.save()
    for session in Session.objects.all():
        SessionGrant.objects.get_or_create(session=session, user=user, defaults={"role": Role[role]})
    client = Client()
    client.force_login(user)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def chat_row(session: int, peer: int) -> int:
    return Chat.objects.get(session_id=session, peer_id=peer).pk


def heads(chats: list[int]) -> dict[str, int]:
    """The number of the last event of each of these chats (rows)."""
    return {str(row): last for row, last in Chat.objects.filter(pk__in=chats).values_list("pk", "last_event")}


def rows(chat: int) -> list[list[Any]]:
    """(row, Telegram's id, text, deleted) of the chat's messages."""
    found = Message.objects.filter(chat=chat).values_list("pk", "telegram_id", "text", "deleted_at")
    return [[row, number, text, deleted is not None] for row, number, text, deleted in found]


def gaps() -> dict[str, int]:
    """The ledger of gaps: how many of each sort, and how many of them are still open."""
    found = Counter(Gap.objects.values_list("how", flat=True))
    return {**found, "open": Gap.objects.filter(closed_at=None).count()}


def owners() -> dict[str, int]:
    """How many leases have changed hands, and how many are held by whom now."""
    held = Lease.objects.exclude(owner=None).values_list("owner__name", flat=True)
    return {"fences": sum(Lease.objects.values_list("fence", flat=True)), **Counter(held)}


DOES = {
    function.__name__: function
    for function in (
        sign_in, chats, send, send_again, scroll_up, edit, delete, sent, status, state, login, chat_row,
        heads, rows, gaps, owners,
    )
}  # fmt: skip


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        close_old_connections()  # one that a stopped database left behind
        try:
            answer: dict[str, Any] = {"result": DOES[asked.pop("do")](**asked)}
        except Exception as error:  # noqa: BLE001  told to the test
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
