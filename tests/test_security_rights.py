"""Who may do what, in one table: every kind of person against pages, JSON, the admin and the live socket.

The commands' part of the table is in tests/common/test_commandline.py.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.chats.models import Chat, Message, Peer
from apps.chats.payloads import PROTOCOL
from apps.commands.models import Command
from apps.sessions.models import Session
from apps.signin.models import SignInAttempt
from tests.kit.people import MANAGERS, PEOPLE, READERS, SECRET, WRITERS, browser, chat, person, quick_passwords
from tests.kit.sockets import Connect, connect

__all__ = ["chat", "connect", "quick_passwords"]


LISTS = ("chats/chat", "chats/message", "chats/peer", "chats/gap", *(
    f"tg_sessions/{name}" for name in ("session", "sessionevent", "sessiongrant")
), *(f"commands/{name}" for name in ("command", "floodwait", "lease")))  # fmt: skip
"""What readers of an account see of it in the admin."""

PAGES: dict[str, set[str]] = {
    "/chats/{session}/": READERS,
    "/chats/{session}/list/": READERS,
    "/chats/{session}/{chat}/": READERS,
    "/chats/{session}/{chat}/history/": READERS,
    "/chats/{session}/{chat}/details/": READERS,
    "/admin/tg_sessions/session/{session}/change/": READERS,
    "/admin/tg_sessions/session/{session}/history/": READERS,
    "/admin/chats/chat/{chat}/change/": READERS,
    "/admin/chats/chat/{chat}/history/": READERS,
    "/admin/chats/message/{message}/change/": READERS,
    "/admin/chats/message/{message}/change/?_popup=1": READERS,
    "/admin/chats/peer/{peer}/change/": READERS,
    "/admin/tg_sessions/session/{session}/disable/": MANAGERS,
    "/admin/tg_sessions/session/{session}/check/status/": MANAGERS,
    "/admin/tg_sessions/session/{session}/log-out/": MANAGERS,
    "/admin/tg_sessions/session/{session}/sign-in-again/": MANAGERS,
    "/admin/tg_sessions/session/sign-in/?session={session}": MANAGERS,
    "/admin/tg_sessions/session/sign-in/{attempt}/": MANAGERS,
    "/admin/tg_sessions/session/sign-in/{attempt}/status/": MANAGERS,
    "/admin/signin/signinattempt/{attempt}/change/": MANAGERS,
    "/admin/tg_sessions/session/{session}/delete/": set(),
    "/admin/chats/chat/{chat}/delete/": set(),
    "/admin/chats/message/{message}/delete/": set(),
    "/admin/chats/message/add/": set(),
    "/admin/tg_sessions/session/add/": set(),
}


def ids(chat: Chat) -> dict[str, Any]:
    return {
        "session": chat.session_id,
        "chat": chat.pk,
        "message": Message.objects.filter(chat=chat).values_list("pk", flat=True)[0],
        "peer": Peer.objects.filter(name=SECRET).values_list("pk", flat=True)[0],
        "attempt": SignInAttempt.objects.get().pk,
    }


@pytest.mark.parametrize("who", PEOPLE)
def test_pages(who: str, chat: Chat) -> None:
    client = browser(who, chat.session)
    for page, allowed in PAGES.items():
        response = client.get(page.format(**ids(chat)))
        led = response.headers.get("Location", "") if response.status_code == 302 else ""
        opened = response.status_code == 200 or "sign-in/?session" in led or "/sessionevent/?session" in led
        assert opened == (who in allowed), (page, response.status_code)
        if not opened:
            assert response.status_code in (302, 401, 403, 404), page
            assert SECRET.encode() not in response.content, page


@pytest.mark.parametrize("who", PEOPLE)
def test_lists_searches_filters_and_counts(who: str, chat: Chat) -> None:
    client = browser(who, chat.session)
    for name in LISTS:
        mine = f"?session={chat.session_id}" if name != "tg_sessions/session" else "?enabled__exact=1"
        for query in ("", "?q=Their", mine, "?_facets=True", "?all=", "?_popup=1"):
            response = client.get(f"/admin/{name}/{query}")
            assert (response.status_code == 200) == (who in READERS or who == "nobody"), (name, query)
            shown = response.content.decode()
            if who not in READERS:
                assert SECRET not in shown, (name, query)
            elif query == "":
                assert SECRET in shown or name == "commands/command", name
    for page in ("/admin/", "/admin/search/?s=Their", "/admin/signin/signinattempt/", "/chats/"):
        response = client.get(page, follow=True)
        assert who in READERS or SECRET not in response.content.decode(), page
    for field in ("chat", "message", "peer", "gap"):
        for source in ("session", "chat"):
            page = f"/admin/autocomplete/?app_label=chats&model_name={field}&field_name={source}&term={SECRET[:4]}"
            assert who in READERS or SECRET.encode() not in client.get(page).content, page


@pytest.mark.parametrize("who", PEOPLE)
def test_forms(who: str, chat: Chat) -> None:
    """What changes something: done for whom it is allowed, and for nobody else."""
    client, session = browser(who, chat.session), chat.session
    rename = {
        "name": "Renamed", "grants-TOTAL_FORMS": 0, "grants-INITIAL_FORMS": 0,
    }  # fmt: skip
    client.post(f"/admin/tg_sessions/session/{session.pk}/change/", rename)
    assert (Session.objects.get().name == "Renamed") == (who in MANAGERS)
    client.post(f"/admin/tg_sessions/session/{session.pk}/disable/", {"_form_submitted": "True"})
    assert Session.objects.get().enabled == (who not in MANAGERS)
    Session.objects.update(enabled=True)
    attempt = SignInAttempt.objects.get()
    client.post(f"/admin/tg_sessions/session/sign-in/{attempt.pk}/", {"action": "cancel"})
    attempt.refresh_from_db()
    assert attempt.is_over == (who in MANAGERS)
    for name in (*LISTS, "auth/user", "auth/group"):
        client.post(f"/admin/{name}/", {"action": "delete_selected", "_selected_action": [session.pk], "post": "yes"})
    message = Message.objects.filter(chat=chat)[0]
    client.post(f"/admin/chats/message/{message.pk}/change/", {"text": "forged"})
    client.post(f"/admin/chats/message/{message.pk}/delete/", {"post": "yes"})
    assert Message.objects.get(pk=message.pk).text == SECRET


# --- the live socket ------------------------------------------------------------------------------------------------

FRAMES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "list": ({"session": "session"}, READERS),
    "notify": ({"sessions": ["session"]}, {*PEOPLE}),
    "place": ({"session": "session", "chat": "chat"}, READERS),
    "open": ({"chat": "chat"}, READERS),
    "history": ({"chat": "chat", "before": 1}, READERS),
    "send": ({"chat": "chat", "cid": str(uuid.uuid4()), "text": "x"}, WRITERS),
    "edit": ({"message": "ours", "text": "x"}, WRITERS),
    "delete": ({"messages": ["ours"]}, WRITERS),
    "read": ({"chat": "chat", "max_id": 1}, WRITERS),
    "mark": ({"chat": "chat", "unread": True}, WRITERS),
    "typing": ({"chat": "chat"}, WRITERS),
    "retry": ({"message": "ours"}, WRITERS),
    "discard": ({"message": "ours"}, WRITERS),
    "reveal": ({"message": "ours"}, MANAGERS),
}
"""Fields by frame; names of rows stand for their ids. ``retry`` and ``discard`` are refused otherwise to writers."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", PEOPLE)
async def test_the_socket(who: str, chat: Chat, connect: Connect) -> None:
    user = await sync_to_async(person)(who, chat.session)
    socket = await connect(user)
    if who in ("anonymous", "outsider", "inactive"):
        closed = await socket.until(lambda frame: frame["type"] == "closed")
        assert closed["code"] == (4403 if who == "outsider" else 4401)
        return
    await socket.send(type="hello", version=PROTOCOL)
    welcome = await socket.until(lambda frame: frame["type"] == "welcome")
    assert bool(welcome["sessions"]) == (who in READERS)
    ours = await Message.objects.aget(chat=chat, telegram_id=2)
    rows: dict[str, Any] = {"session": chat.session_id, "chat": chat.pk, "ours": ours.pk}
    for kind, (fields, allowed) in FRAMES.items():
        before = await Command.objects.acount()
        given = {
            name: [rows[one] for one in value] if isinstance(value, list) else rows.get(value, value)
            for name, value in fields.items()
        }
        await socket.send(type=kind, ref=kind, **given)
        await socket.send(type="nothing", ref="end")
        answers: list[dict[str, Any]] = []
        await socket.until(lambda frame, seen=answers: seen.append(frame) or frame.get("ref") == "end")
        refusal = next((one["code"] for one in answers if one["type"] == "error" and one["ref"] == kind), "")
        assert (refusal == "NOT_FOUND") == (who not in allowed), (kind, refusal)
        if refusal:
            assert await Command.objects.acount() == before, kind
            assert all(SECRET not in json.dumps(one) for one in answers) or who in READERS
    await ours.arefresh_from_db()
    assert (ours.text, ours.deleted_at) == (SECRET, None)
