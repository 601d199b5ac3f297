"""The live socket: one per page. It guards the connection (rights, slots, rate, silence) and takes in frames; what is
answered to them is in answers.py, and the hub does the rest."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User
from django.db import Error as DatabaseError

from apps.chats.live.answers import Answers
from apps.chats.live.connection_limiter import limiter
from apps.chats.live.frames import MAX_BYTES, InvalidError, MalformedError, parse
from apps.chats.live.frames.incoming import (
    HelloRequest,
    ListRequest,
    NotifyRequest,
    OpenRequest,
    PingRequest,
    ReadRequest,
    Request,
    SendRequest,
)
from apps.chats.live.frames.outgoing import Outgoing, RefusedFrame, error, unreadable
from apps.chats.live.hub import NO_RIGHT, SIGNED_OUT, OpenChat, hub
from apps.chats.live.hub.bad import AWAY, is_away
from apps.chats.live.hub.line import GONE, Line
from apps.chats.live.hub.watchers import UNSENT, Following
from apps.chats.live.threads import read
from apps.chats.models import Chat
from apps.chats.selectors import live
from apps.chats.services.connection_limits import SocketSlot
from apps.common.cascades import is_orphan
from apps.sessions.services import rights
from apps.staff.logins import use_digest
from apps.staff.roles import Role
from tgadmin.core import pool
from tgadmin.core.errors import UserError
from tgadmin.core.faults import describe
from tgadmin.core.frames import encoded

log = logging.getLogger(__name__)

MALFORMED, SILENT, TOO_LARGE, TOO_MANY = 4400, 4408, 4413, 4429
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
BEGINS = (HelloRequest, ListRequest, OpenRequest)
"""What a page depends on: it is done once the database is there again, not refused."""

BY_ITSELF = (HelloRequest, PingRequest, ReadRequest, NotifyRequest)
"""What a page does of its own accord."""

FAILED = "The server could not do this. Nothing else is affected; if it happens again, tell your administrator."
NOT_FOUND = UserError("NOT_FOUND", "There is no such chat, or you may not do that in it.")


class LiveConsumer(AsyncWebsocketConsumer):
    """See docs/socket-protocol.md. The channel layer is the hub's affair: this consumer has no channel of its own."""

    channel_layer_alias = "none: the hub listens for the whole process"

    user: User
    login_key: str
    auth_hash: str
    roles: dict[int, Role]
    following = Following()
    chat: OpenChat | None = None
    slot: SocketSlot | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line = Line(self.send, failed=self._unsent, drained=self._drained)
        self.missed: set[int] = set()
        self.greeted = False
        self._answers = Answers(self)
        self._closing: asyncio.Task[None] | None = None
        self._guard: asyncio.Task[None] | None = None
        self._added = self._closed = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        try:
            return await super().__call__(scope, receive, send)
        finally:
            await self._leave()  # a consumer that is cancelled gets no disconnect

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Without Channels' look for old database connections before each frame, in a thread: this loop has none."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        self._tokens, self._counted_at = BURST, time.monotonic()
        self._heard_at = self._used_at = time.monotonic()
        self._comes_back: set[type[Request]] = {ListRequest, OpenRequest}
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
            await self._enter(SocketSlot(uuid4(), user.pk, _page_name(query)))

    async def _enter(self, slot: SocketSlot) -> None:
        """One of the limited slots, or a close code that says why there is none."""
        try:
            if not await hub().shared.read(live.signed_in, self.login_key, [self.login_key]):
                # its second factor is still to be given
                await self.shut(SIGNED_OUT)
                return
            refusal = await limiter().enter(self, slot)
        except DatabaseError:
            await self.shut(BUSY)
            return
        if refusal is not None:
            await self.say(RefusedFrame(type="refused", limit=refusal.limit, seconds=refusal.seconds))
            await self.shut(refusal.code)
            return
        self.slot = slot
        self._guard = asyncio.create_task(self._watch_silence())

    async def subscribe(self) -> None:
        """From here on the hub tells this page what changes."""
        self._added = True
        await hub().add(self)

    async def _leave(self) -> None:
        """Give back whatever is held; called at each of a page's ends, the first of which does it."""
        self._closed = True
        self.line.end()
        if self._guard is not None:
            self._guard.cancel()
        slot, self.slot = self.slot, None
        added, self._added = self._added, False
        try:
            if slot is not None:
                await limiter().leave(slot)
        finally:
            if added:
                await hub().remove(self)

    async def disconnect(self, code: int) -> None:
        await self._leave()

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
        except Exception as fault:  # noqa: BLE001  it is over in any case
            log.error("a socket could not be closed: %s", describe(fault))
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
        except InvalidError as wrong:
            if not self.greeted:
                await self.shut(MALFORMED)
                return
            await self.refuse(wrong.ref, wrong)
            return
        if not self.greeted and not isinstance(frame, HelloRequest):
            await self.shut(MALFORMED)
            return
        try:
            await self._do(frame)
        except (rights.Forbidden, Chat.DoesNotExist):
            await self.refuse(frame.ref, NOT_FOUND)
        except UserError as refused:
            await self.refuse(frame.ref, refused)
        except Exception as fault:  # noqa: BLE001  one thing that cannot be done must not end the page's socket
            if is_orphan(fault):  # its account was deleted meanwhile
                await self.refuse(frame.ref, NOT_FOUND)
                return
            trouble = pool.trouble(fault) or (pool.AWAY if isinstance(fault, AWAY) else None)
            if trouble is not None:
                await self._busy(frame, trouble)
                return
            log.error("a frame %s could not be answered: %s", frame.type, describe(fault))
            await self._failed(frame)

    async def _do(self, frame: Request) -> None:
        """What a page begins with is tried again while the database is away: a page that is sent away then would come
        back too early, or too late."""
        until = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                await self._note_use(frame)
                await self._answers.to(frame)
            except AWAY as fault:
                hopeless = pool.trouble(fault) is pool.FULL or not is_away(fault) or time.monotonic() > until
                if hopeless or self._closed or not isinstance(frame, BEGINS):
                    raise
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    async def _busy(self, frame: Request, trouble: pool.Trouble) -> None:
        """Whoever waits for an answer gets one. Messages, and what the page depends on, are sent again after a
        reconnection: messages in their order, which they would lose if the next one was taken."""
        if isinstance(frame, (SendRequest, *BEGINS)):
            await self.shut(BUSY)
        elif frame.ref is not None:
            await self.say(error(frame.ref, "BUSY", trouble.message))

    async def _failed(self, frame: Request) -> None:
        """The page goes on with everything else."""
        if isinstance(frame, HelloRequest):
            await self.shut(UNSENT)
        elif isinstance(frame, OpenRequest):
            await self.say(unreadable(frame.chat, frame.ref))
        else:
            await self.say(error(frame.ref, "FAILED", FAILED))

    async def _note_use(self, frame: Request) -> None:
        """Whoever works in a page does not idle, though the page asks for no other. What a page does by itself is no
        work: reading what arrives, and after each connection its list and its chat."""
        now = time.monotonic()
        by_itself = isinstance(frame, BY_ITSELF) or type(frame) in self._comes_back
        self._comes_back.discard(type(frame))
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
        if not self.greeted:
            await self.shut(MALFORMED)
            return
        while (left := self._heard_at + SILENCE_SECONDS - time.monotonic()) > 0:  # noqa: ASYNC110  nothing to wake
            await asyncio.sleep(left)
        await self.shut(SILENT)

    async def say(self, frame: Outgoing) -> None:
        """Returns when it was sent: a page that asks and does not read is not answered without end."""
        await self.line.say(encoded(frame))

    async def refuse(self, ref: str | None, why: UserError) -> None:
        """Answer that it cannot be done."""
        await self.say(error(ref, why.code, why.message, why.until))


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
