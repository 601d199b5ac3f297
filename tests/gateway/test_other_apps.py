"""What an account's other apps and its partners do beside writing breaks nothing in the gateway and loses no message.

Each time it happens twice: while the connection stands, and while it is away (then the difference tells of it).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from telethon.tl import types

from apps.chats.models import Chat, Message, UnreadableUpdate
from apps.sessions.models import Session, SessionEvent
from sandbox.world import World
from sandbox.world.message_actions import Draft
from tests.kit.threads import SandboxThread, ready
from tests.kit.waiting import eventually

pytestmark = pytest.mark.timeout(180)

LIKE = [types.ReactionEmoji("👍")]


class Doings:
    """One account's other app, and a partner of it. Each method gives the peer in whose chat something was written."""

    def __init__(self, dc: SandboxThread, me: int, partner: int) -> None:
        self.dc, self.me, self.partner = dc, me, partner

    def do(self, action: Callable[[World], Callable[..., Any]], *args: Any, **more: Any) -> Any:
        """Run an action of the world, and tell the live sessions."""
        world = self.dc.server.world

        def go() -> Any:
            return world.act(lambda push: action(world)(*args, push=push, **more))

        return self.dc.call(go)

    def all(self, round_: str) -> None:
        """A bit of everything."""
        me, partner = self.me, self.partner
        mine = self.dc.world("send", me, partner, f"{round_}: mine")
        self.do(lambda world: world.drafts.save, me, (partner, 0), types.DraftMessage("half a", None))
        self.do(lambda world: world.pins.pin, me, partner, mine)
        theirs = self.dc.call(lambda: self.dc.server.world.boxes.box(partner).thread(me)[-2])
        self.do(lambda world: world.reactions.react, partner, me, theirs, LIKE)
        self.do(lambda world: world.drafts.clear, me, (partner, 0))
        waiting = self.do(
            lambda world: world.schedule.add, me, partner, Draft(f"{round_}: in time"), self.dc.call(self._now) + 3600
        )
        self.do(lambda world: world.schedule.send, me, partner, [waiting.number])
        self.do(lambda world: world.pins.unpin_all, me, partner)
        self._group(round_)
        self._forum(round_)

    def archive(self, peer: int, folder: int) -> None:
        def go() -> None:
            world = self.dc.server.world
            world.act(lambda push: world.news.event(self.me, world.boxes.fold(self.me, [(peer, folder)]), push))

        self.dc.call(go)

    def hide(self) -> None:
        """The account's privacy rules change; its other sessions are told."""

        def go() -> None:
            world = self.dc.server.world
            world.privacy.set(world.accounts[self.me], "PhoneNumber", [types.PrivacyValueDisallowAll()])
            world.act(lambda push: world.news.aside(self.me, "priv", ["PhoneNumber"], push))

        self.dc.call(go)

    def _now(self) -> int:
        return self.dc.server.world.now()

    def _group(self, round_: str) -> None:
        group = self.dc.world("create_group", self.partner, f"{round_} group", [self.me])
        self.dc.world("send", self.partner, group, f"{round_}: before it moved")
        room = self.dc.world("migrate", group)
        self.dc.world("send", self.partner, room, f"{round_}: after it moved")

    def _forum(self, round_: str) -> None:
        room = self.dc.world("create_channel", self.partner, f"{round_} forum")
        self.dc.world("add_user", room, self.me)
        chat = self.dc.call(lambda: self.dc.server.world.chats[room])
        self.do(lambda world: world.topics.toggle, self.partner, chat, enabled=True, tabs=False)
        made = self.do(lambda world: world.topics.create, self.partner, chat, "Plans")
        number = made.copies[room].id
        self.do(
            lambda world: world.message_actions.send, self.partner, room, Draft(f"{round_}: topic", reply_to=number)
        )
        self.do(lambda world: world.topics.edit, self.partner, chat, number, closed=True)


def expected(dc: SandboxThread, session: Session) -> dict[int, list[tuple[int, str]]]:
    """What was written, of each chat from where it is stored here: what is older comes when somebody opens it."""
    snapshot = dc.world("snapshot", session.telegram_user_id)
    del snapshot["read_marks"]
    stored = dict(Chat.objects.filter(session=session).values_list("peer_id", "synced_from_id"))
    written = {
        peer: [(each["id"], each["text"]) for each in thread if not each["action"] and each["id"] >= stored[peer]]
        for peer, thread in snapshot.items()
        if stored.get(peer) is not None
    }
    assert stored.keys() <= snapshot.keys()
    return {peer: messages for peer, messages in written.items() if messages}


def here(session: Session) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = {}
    rows = Message.objects.filter(session_id=session.pk, deleted_at=None, service__isnull=True).order_by("telegram_id")
    for peer, number, text in rows.values_list("chat__peer_id", "telegram_id", "text"):
        found.setdefault(peer, []).append((number, text))
    return found


def test_none_of_it_breaks_anything(session: Session, dc: SandboxThread, person: Callable[..., int]) -> None:
    me, anna = session.telegram_user_id, person("Anna")
    doings = Doings(dc, me, anna)
    doings.all("live")
    doings.archive(anna, 1)
    doings.hide()
    dc.world("send", anna, me, "all of it is told")
    eventually(lambda: Message.objects.filter(session_id=session.pk, text="all of it is told").exists())
    eventually(lambda: Chat.objects.filter(session=session, peer_id=anna, archived=True).exists())
    assert expected(dc, session) == here(session)
    assert len(here(session)) == 4  # Anna, the group, what became of it, the forum
    assert dc.faults("drop", user=me) == 1
    doings.all("away")
    doings.archive(anna, 0)
    dc.world("send", anna, me, "and what was missed")
    eventually(lambda: Message.objects.filter(session_id=session.pk, text="and what was missed").exists())
    ready(session)
    wanted = {"away: mine", "away: in time", "away: before it moved", "away: after it moved"}
    eventually(lambda: wanted <= {text for messages in here(session).values() for _, text in messages})
    eventually(lambda: expected(dc, session) == here(session))
    eventually(lambda: Chat.objects.filter(session=session, peer_id=anna, archived=False).exists())
    assert not UnreadableUpdate.objects.exists()
    moved = Chat.objects.get(session=session, title="live group", kind="group")
    assert not moved.can_send
    told = SessionEvent.objects.filter(session=session).exclude(code="").values_list("kind", "code")
    assert set(told) <= {("status.disconnected", "CONNECTION_LOST")}
