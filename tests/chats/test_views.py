"""The pages and their JSON: who sees what, what is asked wrongly, and how many queries it takes."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.chats.models import Chat, Message
from apps.sessions.models import Session
from tests.kit import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client: Client, viewer: User) -> Client:
    client.force_login(viewer)
    return client


def first_data(html: str) -> dict[str, Any]:
    found = re.search(r'<script id="first-data" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_first_data_has_list_and_newest_page(signed_in: Client, chat: Chat) -> None:
    world.fill(chat, 120)
    response = signed_in.get(f"/chats/{chat.session_id}/{chat.pk}/")
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    data = first_data(response.content.decode())
    assert [one["id"] for one in data["sessions"]] == [chat.session_id]
    assert data["sessions"][0]["phone"] == "+49 151 •••• 4063"
    assert data["sessions"][0]["can_send"] is False
    assert [row["id"] for row in data["list"]["chats"]] == [chat.pk]
    assert [message["tid"] for message in data["page"]["messages"]] == list(range(71, 121))
    assert (data["page"]["older"], data["page"]["newer"]) == ("stored", False)


def test_hostile_text_does_not_leave_its_script_element(signed_in: Client, chat: Chat) -> None:
    world.make_message(chat, 1, "</script><script>alert(1)</script>")
    html = signed_in.get(f"/chats/{chat.session_id}/{chat.pk}/").content.decode()
    assert "<script>alert(1)" not in html
    assert first_data(html)["page"]["messages"][0]["text"] == "</script><script>alert(1)</script>"


def test_csp_forbids_inline(signed_in: Client, chat: Chat) -> None:
    response = signed_in.get(f"/chats/{chat.session_id}/")
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy.split("; ")  # in any order
    assert "unsafe" not in policy
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*(src=|application/json))", response.content.decode())


def test_home_leads_to_the_first_session(signed_in: Client, session: Session) -> None:
    assert signed_in.get("/chats/").headers["Location"] == f"/chats/{session.pk}/"


def test_home_without_any_session(client: Client, stranger: User) -> None:
    client.force_login(stranger)
    response = client.get("/chats/")
    assert response.status_code == 200
    assert first_data(response.content.decode())["sessions"] == []


@pytest.mark.parametrize("tail", ["", "list/", "{chat}/", "{chat}/history/", "{chat}/details/"])
def test_who_may_not_see_it_gets_404(client: Client, stranger: User, chat: Chat, tail: str) -> None:
    client.force_login(stranger)
    assert client.get(f"/chats/{chat.session_id}/{tail.format(chat=chat.pk)}").status_code == 404
    assert client.get(f"/chats/999999/{tail.format(chat=chat.pk)}").status_code == 404


@pytest.mark.parametrize("tail", ["", "history/", "details/"])
def test_chat_of_another_session_is_unknown(signed_in: Client, chat: Chat, tail: str) -> None:
    other = world.make_chat(world.make_session("Other"), "Secret")
    assert signed_in.get(f"/chats/{chat.session_id}/{other.pk}/{tail}").status_code == 404
    assert signed_in.get(f"/chats/{other.session_id}/{other.pk}/{tail}").status_code == 404


def test_signed_out(client: Client, chat: Chat) -> None:
    page = client.get(f"/chats/{chat.session_id}/{chat.pk}/")
    assert page.status_code == 302
    assert page["Location"].startswith("/admin/login/?next=/chats/")
    answer = client.get(f"/chats/{chat.session_id}/{chat.pk}/history/")
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNED_OUT")


def test_not_staff(client: Client, operator: User, chat: Chat) -> None:
    operator.is_staff = False
    operator.save()
    client.force_login(operator)
    assert client.get(f"/chats/{chat.session_id}/{chat.pk}/").status_code == 403
    assert client.get(f"/chats/{chat.session_id}/{chat.pk}/history/").status_code == 403


def test_only_reading(signed_in: Client, chat: Chat) -> None:
    for tail in ("", "list/", f"{chat.pk}/history/"):
        assert signed_in.post(f"/chats/{chat.session_id}/{tail}").status_code == 405


def tids(page: dict[str, Any]) -> list[int]:
    return [message["tid"] for message in page["messages"]]


def test_history_by_key(signed_in: Client, chat: Chat) -> None:
    world.fill(chat, 120)
    address = f"/chats/{chat.session_id}/{chat.pk}/history/"
    newest = signed_in.get(address).json()
    assert (tids(newest), newest["row"]["id"]) == (list(range(71, 121)), chat.pk)
    older = signed_in.get(address, {"before": 71}).json()
    assert (tids(older), older["older"]) == (list(range(21, 71)), "stored")
    oldest = signed_in.get(address, {"before": 21}).json()
    assert (tids(oldest), oldest["older"]) == (list(range(1, 21)), "start")
    newer = signed_in.get(address, {"after": 20}).json()
    assert (tids(newer), newer["newer"]) == (list(range(21, 71)), True)
    around = signed_in.get(address, {"around": 60}).json()
    assert (tids(around), around["newer"], around["older"]) == (list(range(36, 86)), True, "stored")


def test_history_ends_where_the_stored_part_does(signed_in: Client, chat: Chat) -> None:
    world.fill(chat, 30, first_id=100)
    world.make_message(chat, 3, "an island")
    Chat.objects.filter(pk=chat.pk).update(synced_from_id=100, history_complete=False)
    page = signed_in.get(f"/chats/{chat.session_id}/{chat.pk}/history/").json()
    assert (tids(page)[0], page["older"], page["ask_before"]) == (100, "telegram", 100)


@pytest.mark.parametrize("asked", ["before=0", "before=x", "after=-1", "before=99999999999", "before=5&after=3"])
def test_history_asked_wrongly(signed_in: Client, chat: Chat, asked: str) -> None:
    answer = signed_in.get(f"/chats/{chat.session_id}/{chat.pk}/history/?{asked}")
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID")


@pytest.mark.parametrize("asked", ["tab=others", "after=nonsense", "after=2026-01-01,5", "q=" + "x" * 300])
def test_list_asked_wrongly(signed_in: Client, session: Session, asked: str) -> None:
    assert signed_in.get(f"/chats/{session.pk}/list/?{asked}").status_code == 400


def test_list_by_pages_tabs_and_words(signed_in: Client, session: Session) -> None:
    now = datetime.now(UTC)
    Chat.objects.bulk_create(
        Chat(
            session=session, peer_id=-n - 1, kind="group" if n % 2 else "user", title=f"Chat {n}", unread_count=n % 3,
            last_message_at=now - timedelta(minutes=n // 2),
        )
        for n in range(250)
    )  # fmt: skip
    address = f"/chats/{session.pk}/list/"
    seen, after = [], ""
    while after is not None:
        page = signed_in.get(address, {"after": after}).json()
        seen += [row["id"] for row in page["chats"]]
        after = page["more"]
    assert len(seen) == len(set(seen)) == 250
    assert seen == list(Chat.objects.order_by("-last_message_at", "-id").values_list("pk", flat=True))
    groups = signed_in.get(address, {"tab": "groups"}).json()["chats"]
    assert {row["kind"] for row in groups} == {"group"}
    assert all(row["unread"] for row in signed_in.get(address, {"tab": "unread"}).json()["chats"])
    assert [row["title"] for row in signed_in.get(address, {"q": "chat 249"}).json()["chats"]] == ["Chat 249"]


def test_details(signed_in: Client, operator: User, chat: Chat) -> None:
    world.make_message(chat, 1, "theirs")
    world.make_message(chat, 2, "ours", out=True, staff=operator)
    answer = signed_in.get(f"/chats/{chat.session_id}/{chat.pk}/details/").json()
    assert (answer["stored"], answer["history_complete"]) == (2, True)
    assert [one["name"] for one in answer["staff"]] == ["Oda"]


def test_sender_quote_staff_error_and_tombstone(signed_in: Client, operator: User, session: Session) -> None:
    group = world.make_chat(session, "Partners", kind="supergroup")
    priya = world.make_peer(session, "Priya Nair")
    world.make_message(group, 1, "the question", sender_id=priya.peer_id)
    world.make_message(group, 2, "the answer", out=True, staff=operator, reply_to_id=1)
    world.make_message(group, 3, "gone", sender_id=priya.peer_id, deleted_at=datetime.now(UTC))
    world.make_message(group, 4, "lost quote", reply_to_id=77, sender_id=priya.peer_id)
    Message.objects.create(
        chat=group, session_id=session.pk, box=group.peer_id, out=True, text="refused", state="failed",
        error_code="CHAT_WRITE_FORBIDDEN", random_id=1,
    )  # fmt: skip
    page = signed_in.get(f"/chats/{session.pk}/{group.pk}/history/").json()
    question, answer, gone, lost, failed = page["messages"]
    assert question["sender"] == {"id": priya.peer_id, "name": "Priya Nair"}
    assert answer["staff"]["name"] == "Oda"
    assert (answer["reply"]["name"], answer["reply"]["text"]) == ("Priya Nair", "the question")
    assert (gone["deleted"], gone["text"]) == (True, "")
    assert lost["reply"]["missing"] is True
    assert (failed["state"], failed["error"]["code"]) == ("failed", "CHAT_WRITE_FORBIDDEN")
    assert failed["error"]["message"]


@pytest.mark.parametrize(
    "tail", ["", "list/", "{chat}/", "{chat}/history/", "{chat}/history/?before=500", "{chat}/details/"]
)
def test_queries_do_not_grow(signed_in: Client, session: Session, operator: User, tail: str) -> None:
    def grow(rows: int) -> Chat:
        groups = [world.make_chat(session, f"Group {n}", kind="supergroup", unread_count=1) for n in range(rows)]
        people = [world.make_peer(session, f"Person {n}") for n in range(rows)]
        for number in range(1, rows + 1):
            world.make_message(
                groups[0], number, "x", sender_id=people[number - 1].peer_id, reply_to_id=10**6 + number,
                staff=operator, forward={"from_id": people[0].peer_id},
            )  # fmt: skip
        return groups[0]

    def count(chat: Chat) -> int:
        address = f"/chats/{session.pk}/{tail.format(chat=chat.pk)}"
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert signed_in.get(address).status_code == 200
        return len(queries)

    few = grow(10)
    count(few)  # the first request fills caches: content types, the installation's row
    at_few = count(few)
    assert count(grow(200)) == at_few
    assert at_few <= 20


def test_the_list_of_what_could_not_be_sent(signed_in: Client, session: Session) -> None:
    failed, other = world.make_chat(session, "Failed"), world.make_chat(session, "Other")
    for number, (chat, state) in enumerate(((failed, "failed"), (other, "sending")), 1):
        world.make_message(chat, number, "sent", out=True)
        Message.objects.create(chat=chat, session_id=session.pk, out=True, state=state, text="x")
    found = signed_in.get(f"/chats/{session.pk}/list/?tab=failed").json()["chats"]
    assert [row["id"] for row in found] == [failed.pk]
