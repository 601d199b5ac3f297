"""The live socket: one per page. It checks, calls one selector or service, and answers; the hub does the rest."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User
from django.db import Error as DatabaseError

from apps.chats import beginning, sight
from apps.chats.admission import admission
from apps.chats.frames import MAX_BYTES, Frame, InvalidError, MalformedError, parse
from apps.chats.hub import NO_RIGHT, SIGNED_OUT, OpenChat, hub
from apps.chats.hub.bad import AWAY, is_away
from apps.chats.hub.frames import list_frames
from apps.chats.hub.line import GONE, Line
from apps.chats.hub.news import unreadable
from apps.chats.hub.watchers import UNSENT
from apps.chats.models import Chat, Message
from apps.chats.origin import whence
from apps.chats.selectors import live, messages, page
from apps.chats.services import messages as services
from apps.chats.services.places import Place
from apps.chats.services.reveal import reveal
from apps.chats.services.text import Refused
from apps.chats.threads import read
from apps.sessions.models import Command, Role
from apps.sessions.services import rights
from apps.staff.logins import use_digest
from tgadmin.core import origin, pool
from tgadmin.core.faults import told
from tgadmin.core.frames import encoded

log = logging.getLogger(__name__)

MALFORMED, SILENT, VERSION, TOO_LARGE, TOO_MANY = 4400, 4408, 4409, 4413, 4429
BUSY = 4503

AWAY_SECONDS, AGAIN_SECONDS = 10.0, 0.2
"""How long a page that begins is kept while the database is away, and how often it is asked again meanwhile."""
HELLO_SECONDS = 10.0
"""A page says hello within this time."""
SILENCE_SECONDS = 90.0
"""A page pings every 15 s, and browsers let a hidden one do so once a minute; one that is silent for longer is gone,
whatever TCP believes."""
USE_SECONDS = 60.0
"""A page's use of its login is written down so often at most."""
RATE, BURST = 20.0, 100.0
"""Frames a second that a page may send for ever, and at once."""
REPLAY = 1000
"""Events that are replayed; a page that missed more gets the newest page instead."""
BEGINS = frozenset({"hello", "list", "open"})
"""What a page depends on: it is done once the database is there again, not refused."""

FAILED = "The server could not do this. Nothing else is affected; if it happens again, tell your administrator."
NOT_FOUND = ("NOT_FOUND", "There is no such chat, or you may not do that in it.")


class LiveConsumer(AsyncWebsocketConsumer):
    """See docs/socket-protocol.md. The channel layer is the hub's affair: this consumer has no channel of its own."""

    channel_layer_alias = "none: the hub listens for the whole process"

    user: User
    login_key: str
    auth_hash: str
    roles: dict[int, Role]
    session_id: int | None = None
    chat: OpenChat | None = None
    place: Place | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line = Line(self.send, failed=self._unsent, drained=self._drained)
        self.missed: set[int] = set()
        self._closing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        try:
            return await super().__call__(scope, receive, send)
        finally:
            self.line.end()
            await self._leave()  # a consumer that is cancelled gets no disconnect

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Without Channels' look for old database connections before each frame, in a thread: this loop has none."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        self._greeted = self._added = False
        self._closed = False
        self._tokens, self._counted_at = BURST, time.monotonic()
        self._heard_at = self._used_at = time.monotonic()
        self._guard: asyncio.Task[None] | None = None
        self._comes_back = {"list", "open"}
        await self.accept()
        user, login = self.scope["user"], self.scope["session"]
        if not user.is_authenticated or not login.digest:
            await self.shut(SIGNED_OUT)
        elif not rights.is_staff(user):
            await self.shut(NO_RIGHT)
        else:
            self.user, self.login_key, self.auth_hash = user, login.digest, user.get_session_auth_hash()
            query = self.scope["query_string"]
            self.line.whole = not _knows_parts(query)
            await self._enter(Place(uuid4(), user.pk, _page_name(query)))

    async def _enter(self, place: Place) -> None:
        """One of the limited places, or a close code that says why there is none."""
        try:
            if not await hub().shared.read(live.signed_in, self.login_key, [self.login_key]):
                # its second factor is still to be given
                await self.shut(SIGNED_OUT)
                return
            refusal = await admission().enter(self, place)
        except DatabaseError:
            await self.shut(BUSY)
            return
        if refusal is not None:
            await self._send({"type": "refused", "limit": refusal.limit, "seconds": refusal.seconds})
            await self.shut(refusal.code)
            return
        self.place = place
        self._guard = asyncio.create_task(self._watch_silence())

    async def _leave(self) -> None:
        place, self.place = self.place, None
        if place is not None:
            await admission().leave(place)

    async def disconnect(self, code: int) -> None:
        self._closed = True
        self.line.end()
        if self._guard is not None:
            self._guard.cancel()
        await self._leave()
        if self._added:
            await hub().remove(self)

    async def shut(self, code: int) -> None:
        """A server may take its time to say it to a page that reads slowly: nobody waits for that."""
        if not self._closed:
            self._closed = True
            self.line.end()
            self._closing = asyncio.create_task(self._shut(code))

    async def _shut(self, code: int) -> None:
        try:
            await self.close(code)
        except GONE:
            pass
        except Exception as error:  # noqa: BLE001  it is over in any case
            log.error("a socket could not be closed: %s", told(error))
        await self._leave()

    async def _unsent(self) -> None:
        await self.shut(UNSENT)

    def _drained(self) -> None:
        if self.missed:
            hub().drained(self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        self._heard_at = time.monotonic()
        if self._closed:
            return
        if text_data is None:
            await self.shut(MALFORMED)
        elif len(text_data) > MAX_BYTES or len(text_data.encode("utf-8", "surrogatepass")) > MAX_BYTES:
            await self.shut(TOO_LARGE)
        elif not self._within_rate():
            await self.shut(TOO_MANY)
        else:
            await self._take(text_data)

    async def _take(self, text: str) -> None:
        try:
            frame = parse(text)
        except MalformedError:
            await self.shut(MALFORMED)
            return
        except InvalidError as error:
            if not self._greeted:
                await self.shut(MALFORMED)
                return
            await self._error(error.ref, "INVALID", error.says)
            return
        if not self._greeted and frame.type != "hello":
            await self.shut(MALFORMED)
            return
        try:
            await self._do(frame)
        except (rights.Forbidden, Chat.DoesNotExist):
            await self._error(frame.ref, *NOT_FOUND)
        except Refused as refused:
            await self._error(frame.ref, refused.code, refused.says)
        except Exception as error:  # noqa: BLE001  one thing that cannot be done must not end the page's socket
            trouble = pool.trouble(error) or (pool.AWAY if isinstance(error, AWAY) else None)
            if trouble is not None:
                await self._busy(frame, trouble)
                return
            log.error("a frame %s could not be answered: %s", frame.type, told(error))
            await self._failed(frame)

    async def _do(self, frame: Frame) -> None:
        """What a page begins with is tried again while the database is away: a page that is sent away then would come
        back too early, or too late."""
        until = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                await self._note_use(frame)
                await self._handlers[frame.type](self, frame)
            except AWAY as error:
                hopeless = pool.trouble(error) is pool.FULL or not is_away(error) or time.monotonic() > until
                if hopeless or self._closed or frame.type not in BEGINS:
                    raise
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    async def _busy(self, frame: Frame, trouble: pool.Trouble) -> None:
        """Whoever waits for an answer gets one. Messages, and what the page depends on, are sent anew after a
        reconnection: messages in their order, which they would lose if the next one was taken."""
        if frame.type == "send" or frame.type in BEGINS:
            await self.shut(BUSY)
        elif frame.ref is not None:
            await self._error(frame.ref, "BUSY", trouble.says)

    async def _failed(self, frame: Frame) -> None:
        """The page goes on with everything else."""
        if frame.type == "hello":
            await self.shut(UNSENT)
        elif frame.type == "open":
            await self._send({**unreadable(frame.values["chat"]), "ref": frame.ref})
        else:
            await self._error(frame.ref, "FAILED", FAILED)

    async def _note_use(self, frame: Frame) -> None:
        """Whoever works in a page does not idle, though the page asks for no other. What a page does by itself is no
        work: reading what arrives, and after each connection its list and its chat."""
        now = time.monotonic()
        by_itself = frame.type in ("hello", "ping", "read") or frame.type in self._comes_back
        self._comes_back.discard(frame.type)
        if not by_itself and now - self._used_at > USE_SECONDS:
            self._used_at = now
            await read(use_digest, self.login_key)

    def _within_rate(self) -> bool:
        now = time.monotonic()
        self._tokens = min(BURST, self._tokens + (now - self._counted_at) * RATE) - 1
        self._counted_at = now
        return self._tokens >= 0

    async def _watch_silence(self) -> None:
        await asyncio.sleep(HELLO_SECONDS)
        if not self._greeted:
            await self.shut(MALFORMED)
            return
        while (left := self._heard_at + SILENCE_SECONDS - time.monotonic()) > 0:  # noqa: ASYNC110  nothing to wake
            await asyncio.sleep(left)
        await self.shut(SILENT)

    # --- frames -------------------------------------------------------------------------------------------------------

    async def _hello(self, frame: Frame) -> None:
        if self._greeted:
            await self._error(frame.ref, "INVALID", "hello was said already.")
            return
        if frame.values["version"] != page.PROTOCOL:
            await self.shut(VERSION)
            return
        self.roles = {}
        self._added = True
        await hub().add(self)  # first: what changes from here on is told
        self.roles, sessions = await hub().shared.read(beginning.greeting, self.user.pk, self.user)
        self._greeted = True
        await self._send({"type": "welcome", "version": page.PROTOCOL, "sessions": sessions})

    async def _ping(self, frame: Frame) -> None:
        await self._send({"type": "pong"})

    async def _list(self, frame: Frame) -> None:
        """Join first, then read: what changes in between comes as a change."""
        session_id = frame.values["session"]
        if session_id not in self.roles:
            raise rights.Forbidden
        await hub().watch(self, session_id)
        whole = self._sees_all_of(session_id)
        first, unread = await read(beginning.first_rows, session_id, whole=whole)
        self._require_following(session_id, whole)
        await self.line.say(*list_frames(session_id, first, unread))

    async def _open(self, frame: Frame) -> None:
        """Replay from the page's number where that is possible, else the newest page; then live."""
        values = frame.values
        found = await read(beginning.opening, **values, roles=dict(self.roles), most=REPLAY)
        self._require_following(found.session_id, found.whole)
        await self.line.say(*found.frames)
        if found.session_id == self.session_id and (not found.official or self._sees_all_of(found.session_id)):
            hub().show(self, OpenChat(values["chat"], found.at, found.official))

    def _sees_all_of(self, session_id: int) -> bool:
        return rights.sees_telegram(self.roles.get(session_id))

    def _require_following(self, session_id: int, whole: bool) -> None:
        """Asked again after each wait: the right may have been taken away, or lowered, meanwhile."""
        if session_id != self.session_id or (whole and not self._sees_all_of(session_id)):
            raise rights.Forbidden

    async def _close_chat(self, frame: Frame) -> None:
        hub().show(self, None)

    async def _send_message(self, frame: Frame) -> None:
        values = frame.values
        chat = await self._chat(values["chat"])
        message = await read(_sent, self.user, chat, values["text"], cid=values["cid"], reply_to_id=values["reply_to"])
        await self._send({"type": "ok", "ref": frame.ref, "message": message})

    async def _retry(self, frame: Frame) -> None:
        message = (await self._messages([frame.values["message"]]))[0]
        await read(services.retry, self.user, message)
        await self._send({"type": "ok", "ref": frame.ref})

    async def _discard(self, frame: Frame) -> None:
        message = (await self._messages([frame.values["message"]]))[0]
        await read(services.discard, self.user, message)
        await self._send({"type": "ok", "ref": frame.ref})

    async def _reveal(self, frame: Frame) -> None:
        """The answer goes to this page alone; it is in no other frame, and stored nowhere."""
        message = (await self._messages([frame.values["message"]]))[0]
        token = origin.current.set(whence(self.scope, self.user))
        try:
            shown = await read(reveal, self.user, message)
        finally:
            origin.current.reset(token)
        await self._send({"type": "ok", "ref": frame.ref, "shown": {"message": message.pk, **shown}})

    async def _edit(self, frame: Frame) -> None:
        message = (await self._messages([frame.values["message"]]))[0]
        self._follow(await read(services.edit, self.user, message, frame.values["text"]), frame)

    async def _delete(self, frame: Frame) -> None:
        chosen = await self._messages(frame.values["messages"])
        self._follow(await read(services.delete, self.user, chosen), frame)

    async def _history(self, frame: Frame) -> None:
        chat = await self._chat(frame.values["chat"])
        self._follow(await read(services.fetch_history, self.user, chat, frame.values["before"]), frame)

    async def _read(self, frame: Frame) -> None:
        chat = await self._chat(frame.values["chat"])
        await read(services.mark_read, self.user, chat, frame.values["max_id"])

    async def _typing(self, frame: Frame) -> None:
        chat = await self._chat(frame.values["chat"])
        await read(services.typing, self.user, chat)

    def _follow(self, command: Command, frame: Frame) -> None:
        """The page hears "done" with its ref when the gateway has settled the command."""
        hub().await_command(command.pk, self, frame.ref)

    async def _chat(self, chat_id: int) -> Chat:
        """A chat of a visible session; one that is not visible answers like one that does not exist."""
        chat: Chat = await read(Chat.objects.select_related("session").get, pk=chat_id)
        if not sight.sees_chat(self.roles, chat):
            raise rights.Forbidden
        return chat

    async def _messages(self, ids: list[int]) -> list[Message]:
        found: list[Message] = await read(_rows, ids)
        if len(found) < len(set(ids)) or not all(sight.sees_message(self.roles, one) for one in found):
            raise rights.Forbidden
        return found

    async def _send(self, frame: dict[str, Any]) -> None:
        """Returns when it was sent: a page that asks and does not read is not answered without end."""
        await self.line.say(encoded(frame))

    async def _error(self, ref: str | None, code: str, says: str) -> None:
        await self._send({"type": "error", "ref": ref, "code": code, "says": says})

    _handlers: dict[str, Callable[[LiveConsumer, Frame], Awaitable[None]]] = {
        "hello": _hello,
        "ping": _ping,
        "list": _list,
        "open": _open,
        "close": _close_chat,
        "send": _send_message,
        "retry": _retry,
        "discard": _discard,
        "reveal": _reveal,
        "edit": _edit,
        "delete": _delete,
        "history": _history,
        "read": _read,
        "typing": _typing,
    }


def _page_name(query: bytes) -> UUID | None:
    """What the page calls itself in the address (``?page=<UUID>``); None when it does not, or not so."""
    try:
        return UUID(parse_qs(query.decode("ascii"))["page"][0])
    except (ValueError, KeyError):
        return None


def _knows_parts(query: bytes) -> bool:
    """Whether the page says in the address (``?parts=1``) that it puts frames together."""
    try:
        return parse_qs(query.decode("ascii")).get("parts") == ["1"]
    except ValueError:
        return False


def _sent(user: User, chat: Chat, text: str, **names: Any) -> dict[str, Any]:
    """Send, and the message as the page shows it."""
    message = services.send(user, chat, text, **names)
    return messages.payloads([message.pk], whole=rights.sees_telegram(rights.role(user, chat.session_id)))[0]


def _rows(ids: list[int]) -> list[Message]:
    return list(Message.objects.filter(pk__in=ids).select_related("chat"))
