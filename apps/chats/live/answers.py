"""What each frame of a page is answered with: it calls one selector or service, and says what came of it.

Raises Forbidden and Chat.DoesNotExist for what may not be seen, UserError for what cannot be done, and whatever the
database raises: the consumer catches them once for all frames, and tells the page.
"""

from __future__ import annotations

from functools import singledispatchmethod
from typing import Any, Protocol

from django.contrib.auth.models import User

from apps.chats import sight
from apps.chats.live import beginning
from apps.chats.live.frames.incoming import (
    CloseRequest,
    DeleteRequest,
    DiscardRequest,
    EditRequest,
    HelloRequest,
    HistoryRequest,
    ListRequest,
    MarkRequest,
    NotifyRequest,
    OpenRequest,
    PingRequest,
    PlaceRequest,
    ReadRequest,
    Request,
    RetryRequest,
    RevealRequest,
    SendRequest,
    TypingRequest,
)
from apps.chats.live.frames.outgoing import OkFrame, Outgoing, PongFrame, WelcomeFrame, answering
from apps.chats.live.hub import OpenChat, Watcher, hub
from apps.chats.live.hub.frames import list_frames
from apps.chats.live.origin import socket_origin
from apps.chats.live.threads import read
from apps.chats.models import Chat, Message
from apps.chats.payloads import PROTOCOL, Revealed, RevealedText
from apps.chats.payloads import Message as Shown
from apps.chats.selectors import messages
from apps.chats.services import messages as services
from apps.chats.services import places
from apps.chats.services.reveal import reveal
from apps.commands.models import Command
from apps.sessions.services import rights
from tgadmin.core import origin
from tgadmin.core.errors import UserError

VERSION = 4409
"""Close code of a page of another protocol version."""
LIST_TRIES = 5
"""How often a list over several accounts is read at most, while the rights in them change."""
REPLAY = 1000
"""Events that are replayed; a page that missed more gets the newest page instead."""


class Page(Watcher, Protocol):
    """The socket of a page, as its answers use it. ``greeted``: it has said hello and was welcomed."""

    scope: Any
    greeted: bool

    async def subscribe(self) -> None:
        """From here on the hub tells this page what changes."""

    async def say(self, frame: Outgoing) -> None:
        """Returns when the frame was sent."""


class Answers:
    """Of one page. ``to`` answers a frame; which method does so is found by the frame's class."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @singledispatchmethod
    async def to(self, frame: Request) -> None:
        """Do what the frame asks for, and answer."""
        raise NotImplementedError(frame.type)

    # --- what a page begins with, and follows -------------------------------------------------------------------------

    @to.register
    async def _hello(self, frame: HelloRequest) -> None:
        if self._page.greeted:
            raise UserError("INVALID", "hello was said already.")
        if frame.version != PROTOCOL:
            await self._page.shut(VERSION)
            return
        self._page.roles = {}
        await self._page.subscribe()  # first: what changes from here on is told
        user = self._page.user
        self._page.roles, sessions = await hub().shared.read(beginning.greeting, user.pk, user)
        self._page.greeted = True
        hub().greeted(self._page)
        welcome = WelcomeFrame(type="welcome", version=PROTOCOL, sessions=sessions)
        await self._page.say(answering(welcome, frame.ref))

    @to.register
    async def _ping(self, frame: PingRequest) -> None:
        await self._page.say(answering(PongFrame(type="pong"), frame.ref))

    @to.register
    async def _list(self, frame: ListRequest) -> None:
        """Join first, then read: what changes in between comes as a change."""
        if frame.session is not None and frame.session not in self._page.roles:
            raise rights.Forbidden
        await hub().watch(self._page, None if frame.session is None else frozenset((frame.session,)))
        for _ in range(LIST_TRIES):
            seen = self._listed()
            first, unread = await read(beginning.first_rows, seen)
            if frame.session is not None:
                self._require_following(frame.session, seen.get(frame.session, False))
            if seen == self._listed():  # of several accounts one may have gone meanwhile: the others are shown
                await self._page.line.say(*list_frames(frame.session, first, unread, frame.ref))
                return
        raise rights.Forbidden

    def _listed(self) -> dict[int, bool]:
        """The accounts of the list that the page follows now, and whether all of each is shown."""
        following = self._page.following
        return {pk: self._sees_all_of(pk) for pk in following.sessions if following.has_list(pk)}

    @to.register
    async def _notify(self, frame: NotifyRequest) -> None:
        await hub().note(self._page, frozenset(frame.sessions))

    @to.register
    async def _place(self, frame: PlaceRequest) -> None:
        """Only what may be seen: what is found there later is asked for again."""
        chat = None if frame.chat is None else await self._chat(frame.chat)
        session_id = frame.session
        if session_id is not None and (session_id not in self._page.roles or (chat and chat.session_id != session_id)):
            raise rights.Forbidden
        await read(places.remember, self._page.user.pk, session_id, frame.chat)

    @to.register
    async def _open(self, frame: OpenRequest) -> None:
        """Replay from the page's number where that is possible, else the newest page; then live."""
        roles = dict(self._page.roles)
        found: beginning.Opening = await read(
            beginning.opening, frame.chat, frame.after, frame.epoch, roles=roles, most=REPLAY, ref=frame.ref
        )
        self._require_following(found.session_id, found.whole)
        await self._page.line.say(*found.frames)
        follows = self._page.following.has_list(found.session_id)
        if follows and (not found.official or self._sees_all_of(found.session_id)):
            hub().show(self._page, OpenChat(frame.chat, found.session_id, found.at, found.official))

    @to.register
    async def _close(self, frame: CloseRequest) -> None:
        hub().show(self._page, None)

    def _sees_all_of(self, session_id: int) -> bool:
        return rights.sees_telegram(self._page.roles.get(session_id))

    def _require_following(self, session_id: int, whole: bool) -> None:
        """Asked again after each wait: the right may have been taken away, or lowered, meanwhile."""
        if not self._page.following.has_list(session_id) or (whole and not self._sees_all_of(session_id)):
            raise rights.Forbidden

    # --- messages -----------------------------------------------------------------------------------------------------

    @to.register
    async def _send(self, frame: SendRequest) -> None:
        chat = await self._chat(frame.chat)
        named = {"cid": frame.cid, "reply_to_id": frame.reply_to, "entities": frame.entities or ()}
        message: Shown = await read(_sent, self._page.user, chat, frame.text, **named)
        await self._page.say(OkFrame(type="ok", ref=frame.ref, message=message))

    @to.register
    async def _retry(self, frame: RetryRequest) -> None:
        message = (await self._messages([frame.message]))[0]
        await read(services.retry, self._page.user, message)
        await self._page.say(OkFrame(type="ok", ref=frame.ref))

    @to.register
    async def _discard(self, frame: DiscardRequest) -> None:
        message = (await self._messages([frame.message]))[0]
        await read(services.discard, self._page.user, message)
        await self._page.say(OkFrame(type="ok", ref=frame.ref))

    @to.register
    async def _reveal(self, frame: RevealRequest) -> None:
        """The answer goes to this page alone; it is in no other frame, and stored nowhere."""
        message = (await self._messages([frame.message]))[0]
        token = origin.current.set(socket_origin(self._page.scope, self._page.user))
        try:
            text: RevealedText = await read(reveal, self._page.user, message)
        finally:
            origin.current.reset(token)
        shown: Revealed = {"message": message.pk, **text}
        await self._page.say(OkFrame(type="ok", ref=frame.ref, shown=shown))

    @to.register
    async def _edit(self, frame: EditRequest) -> None:
        message = (await self._messages([frame.message]))[0]
        self._follow(await read(services.edit, self._page.user, message, frame.text, frame.entities), frame)

    @to.register
    async def _delete(self, frame: DeleteRequest) -> None:
        chosen = await self._messages(frame.messages)
        self._follow(await read(services.delete, self._page.user, chosen), frame)

    # --- chats --------------------------------------------------------------------------------------------------------

    @to.register
    async def _history(self, frame: HistoryRequest) -> None:
        chat = await self._chat(frame.chat)
        self._follow(await read(services.fetch_history, self._page.user, chat, frame.before), frame)

    @to.register
    async def _read(self, frame: ReadRequest) -> None:
        chat = await self._chat(frame.chat)
        await read(services.mark_read, self._page.user, chat, frame.max_id)

    @to.register
    async def _mark(self, frame: MarkRequest) -> None:
        chat = await self._chat(frame.chat)
        await read(services.mark_unread, self._page.user, chat, unread=frame.unread)
        await self._page.say(OkFrame(type="ok", ref=frame.ref))

    @to.register
    async def _typing(self, frame: TypingRequest) -> None:
        chat = await self._chat(frame.chat)
        await read(services.typing, self._page.user, chat)

    def _follow(self, command: Command, frame: Request) -> None:
        """The page hears "done" with its ref when the gateway has settled the command."""
        hub().await_command(command.pk, self._page, frame.ref)

    async def _chat(self, chat_id: int) -> Chat:
        """A chat of a visible session; one that is not visible answers like one that does not exist."""
        chat: Chat = await read(Chat.objects.select_related("session").get, pk=chat_id)
        if not sight.sees_chat(self._page.roles, chat):
            raise rights.Forbidden
        return chat

    async def _messages(self, ids: list[int]) -> list[Message]:
        found: list[Message] = await read(_rows, ids)
        if len(found) < len(set(ids)) or not all(sight.sees_message(self._page.roles, one) for one in found):
            raise rights.Forbidden
        return found


def _sent(user: User, chat: Chat, text: str, **names: Any) -> Shown:
    """Send, and the message as the page shows it."""
    message = services.send(user, chat, text, **names)
    return messages.payloads([message.pk], whole=rights.sees_telegram(rights.role(user, chat.session_id)))[0]


def _rows(ids: list[int]) -> list[Message]:
    return list(Message.objects.filter(pk__in=ids).select_related("chat"))
