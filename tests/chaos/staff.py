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
from typing import Any

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tgadmin.settings")
    import django

    django.setup()

from django.contrib.auth.models import User

from apps.chats.models import Chat, Event, Message
from apps.chats.services import messages
from apps.sessions.models import Command, Session, SignInAttempt, SignInStep
from apps.sessions.services import commands, signin

SECONDS = 40.0


def staff() -> User:
    return User.objects.get(username="admin")


def sign_in(phone: str, codes: str) -> int:
    """Sign an account in with the code that the data centre wrote down; its session's id."""
    attempt = signin.start(staff(), "Chaos", phone)
    _step(attempt, SignInStep.CODE)
    with open(codes) as lines:
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


def send(session: int, peer: int, text: str) -> int:
    chat = Chat.objects.get(session_id=session, peer_id=peer)
    return messages.send(staff(), chat, text, cid=uuid.uuid4()).pk


def edit(message: int, text: str) -> int:
    return messages.edit(staff(), Message.objects.get(pk=message), text).pk


def delete(message: int) -> int:
    return messages.delete(staff(), [Message.objects.get(pk=message)]).pk


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
            "events": list(Event.objects.filter(chat=chat).order_by("number").values_list("number", flat=True)),
        }
    return found


DOES = {function.__name__: function for function in (sign_in, chats, send, edit, delete, sent, status, state)}


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer: dict[str, Any] = {"result": DOES[asked.pop("do")](**asked)}
        except Exception as error:  # noqa: BLE001  told to the test
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
