"""Updates and differences of one connection, in order, into the sink, each with the state after it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812

from tgadmin.core.bounds import fit
from tgadmin.core.errors import Kind, TelegramError
from tgadmin.core.types import CHANNEL_MARK, Change, Checkpoint, DialogsPosition, Incoming, Peer
from tgadmin.telegram._telethon import (
    ACCOUNT,
    CATCH_UP,
    Box,
    Entry,
    RawUpdates,
    Recovered,
    Removed,
    UnreadablePacket,
    Wire,
    entry_of,
)
from tgadmin.telegram.client.access_hashes import AccessHashes
from tgadmin.telegram.client.dialogs import answers
from tgadmin.telegram.client.retries import FIRST_RETRY, Retries
from tgadmin.telegram.client.sink import SinkFull, UpdateSink
from tgadmin.telegram.convert import converted

ENTRY_CHANGES = 200
"""Changes from which on an entry of the sink is not made larger: containers that wait together are put together."""
FIRST_ANSWER_SECONDS, ANSWER_SECONDS = 180.0, 60.0
"""How long a difference may take while the connection lives: until the account has caught up, and afterwards."""
UNREADABLE_PAUSE = 60.0
"""Seconds for which unreadable packets lead to one difference only."""

GONE = frozenset({"CHANNEL_PRIVATE", "CHANNEL_PUBLIC_GROUP_NA", "USER_BANNED_IN_CHANNEL"})
ENDED = frozenset({"CONNECTION_LOST", "SOCKET_DEAD", "CONNECTION_REFUSED_BY_LEASE", "TRANSPORT_FLOOD"})
LOST_PLACE = frozenset({"PERSISTENT_TIMESTAMP_INVALID", "PERSISTENT_TIMESTAMP_EMPTY", "UNREADABLE_ANSWER"})
_MESSAGES = (T.UpdateNewMessage, T.UpdateNewChannelMessage)  # without their pts in a difference
_SHORT = (T.UpdateShortMessage, T.UpdateShortChatMessage)


class UpdateStream:
    """Runs until it is cancelled or raises the TelegramError that ended it.

    ``caught_up`` is set once the differences of the account and of every channel that was known at the start have been
    put into the sink. When the sink refuses an entry, everything from that entry on is dropped and, once what had
    been put is committed, fetched again from there.
    """

    def __init__(
        self,
        wire: Wire,
        hashes: AccessHashes,
        sink: UpdateSink,
        checkpoint: Checkpoint,
        me: int,
        random: Callable[[], float],
        on_new_device: Callable[[], None] = lambda: None,
    ) -> None:
        self._wire = wire
        self._hashes = hashes
        self._sink = sink
        self._me = me
        self._on_new_device = on_new_device
        self._box = Box(random)
        self._put = Checkpoint(checkpoint.pts, checkpoint.qts, checkpoint.date, checkpoint.seq, {**checkpoint.channels})
        self._last_put: asyncio.Future[None] | None = None
        self._retries = Retries()
        self._wanted: set[Entry] = set()
        self._unreadable_until = 0.0
        self._asked_dialogs = False
        self._dialogs_after: DialogsPosition | None = None
        self._fetching: dict[Entry, Recovered] = {}
        self._failed: dict[Entry, int] = {}
        self._processed = 0
        self._working: int | None = None
        self._changes: list[Change] = []
        self._peers: dict[int, Peer] = {}
        self._channels: set[int] = set()
        self.caught_up = asyncio.Event()

    @property
    def failed_answers(self) -> int:
        """How often in a row the difference that fares worst has been asked for in vain: refused, or not answered at
        all. 0 while all is well, and while Telegram takes its time or told us to wait."""
        return max(self._failed.values(), default=0)

    @property
    def at_work(self) -> int | None:
        """The number of the update that is being worked at; None while there is none, or Telegram's answer is waited
        for."""
        return self._working

    async def run(self) -> None:
        self._box.restore(self._put)
        self._begin_all()
        self._wanted = {ACCOUNT, *self._box.channels}
        while True:
            try:
                await self._step()
            except SinkFull:
                await self._start_over()

    async def _step(self) -> None:
        """One difference if one is due, and everything that has arrived; waits if there is nothing to do."""
        look_again = self._box.due()
        entry, at = self._next_difference()
        if entry is not None and at <= self._now():
            await self._difference(entry)
            self._flush()
            self._settle_wanted()
        else:
            await self._wait_for_updates(min(look_again, at))
        while not self._wire.updates.empty():
            await self._process(self._wire.updates.get_nowait())
        self._flush()

    async def _wait_for_updates(self, until: float) -> None:
        try:
            item = await asyncio.wait_for(self._wire.updates.get(), max(until - self._now(), 0.0))
        except TimeoutError:
            return
        await self._process(item)

    # --- updates -------------------------------------------------------------------------------------------------

    async def _process(self, item: Any) -> None:
        self._processed += 1
        self._working = self._processed
        try:
            await self._take(item)
        finally:
            self._working = None

    async def _take(self, item: Any) -> None:
        if item is CATCH_UP:
            self._begin_all()
        elif isinstance(item, UnreadablePacket):
            self._emit(RawUpdates([item]))
            if self._now() >= self._unreadable_until:  # what was in it comes with the difference
                self._unreadable_until = self._now() + UNREADABLE_PAUSE
                self._begin_all()
        elif isinstance(item, _SHORT):
            self._flush()  # nothing that has been gathered may wait while others run
            if await self._knows_people_of(item):
                self._emit(self._box.process(item))
            else:  # "the client must … call updates.getDifference" (https://core.telegram.org/api/updates)
                self._box.begin(ACCOUNT)
        else:
            self._emit(self._box.process(item))

    async def _knows_people_of(self, short: Any) -> bool:
        """Whether the people of a short update, which comes without their objects, have been met before."""
        people = {getattr(short, "user_id", None), getattr(short, "from_id", None), short.via_bot_id}
        origin = short.fwd_from.from_id if short.fwd_from is not None else None
        people.add(getattr(origin, "user_id", None))
        for user_id in people - {None, self._me}:
            if user_id is not None and await self._hashes.get(user_id) is None:
                return False
        return True

    def _emit(self, raw: RawUpdates) -> None:
        """Gather what a container or difference brought; ``_flush`` puts it, before anything else is waited for."""
        self._hashes.extend(raw.users, raw.chats)
        if any(isinstance(update, T.UpdateNewAuthorization) for update in raw.updates):
            self._on_new_device()
        changes, peers = converted(raw, self._me)
        self._changes += changes
        for peer in peers:
            known = self._peers.get(peer.id)
            if known is None or known.partial or not peer.partial:
                self._peers[peer.id] = peer
        self._channels |= raw.channels
        if len(self._changes) >= ENTRY_CHANGES:
            self._flush()

    def _flush(self) -> None:
        """Put what has been gathered, with the state after it. Raises SinkFull."""
        state = self._state(self._channels)
        changes, peers = tuple(self._changes), tuple(self._peers.values())
        self._forget_gathered()
        if changes or peers or self._moved(state):
            self._put_entry(Incoming(changes, peers, state))

    def _state(self, channels: Iterable[int]) -> Checkpoint:
        """The state as it can be stored: a channel may bear any number."""
        state = self._box.checkpoint(channels)
        return fit(state) if state.channels else state

    def _forget_gathered(self) -> None:
        self._changes.clear()
        self._peers.clear()
        self._channels.clear()

    def _put_entry(self, entry: Incoming) -> None:
        self._last_put = self._sink.put(entry)
        if (state := entry.checkpoint) is not None:
            self._put.channels.update(state.channels)
            self._put = Checkpoint(state.pts, state.qts, state.date, state.seq, self._put.channels)

    def _moved(self, state: Checkpoint) -> bool:
        old = self._put
        moved = (state.pts, state.qts, state.date, state.seq) != (old.pts, old.qts, old.date, old.seq)
        return moved or any(old.channels.get(each) != pts for each, pts in state.channels.items())

    # --- differences ---------------------------------------------------------------------------------------------

    def _begin_all(self) -> None:
        self._box.begin(ACCOUNT)
        for channel_id in self._box.channels:
            self._box.begin(channel_id)

    def _next_difference(self) -> tuple[Entry | None, float]:
        """The box whose difference comes next and when it may be asked for; the account goes first."""
        boxes = [each for each in self._box.getting_diff_for if each is ACCOUNT or isinstance(each, int)]
        if not boxes:
            return None, float("inf")
        if ACCOUNT in boxes and self._retries.at(ACCOUNT) <= self._now():
            return ACCOUNT, 0.0
        first = min(boxes, key=self._retries.at)
        return first, self._retries.at(first)

    async def _difference(self, entry: Entry) -> None:
        low = self._box.pts(entry)
        try:
            if entry is ACCOUNT:
                raw = self._box.account_difference(await self._invoke(self._box.get_difference()))
            else:
                raw = await self._channel_difference(entry)
        except TelegramError as error:
            await self._difference_failed(entry, error)
            return
        self._retries.clear(entry)
        self._failed.pop(entry, None)
        self._count(entry, low, raw)
        self._emit(raw)

    async def _invoke(self, request: Any) -> Any:
        """A difference may take Telegram long, the first one of a connection above all: what it has worked at is not
        thrown away, as long as the connection lives, which its pings find out. Raises TelegramError."""
        return await self._wire.invoke(request, ANSWER_SECONDS if self.caught_up.is_set() else FIRST_ANSWER_SECONDS)

    def _count(self, entry: Entry, low: int, raw: RawUpdates) -> None:
        """At the end of a difference, what it brought goes on record with it."""
        fetching = self._fetching.setdefault(entry, Recovered(entry, low, low, 0))
        fetching.count += sum(isinstance(each, _MESSAGES) or entry_of(each) is not None for each in raw.updates)
        fetching.high = self._box.pts(entry)
        if entry not in self._box.getting_diff_for:
            del self._fetching[entry]
            if fetching.high > fetching.low:
                raw.updates.append(fetching)

    async def _channel_difference(self, channel_id: int) -> RawUpdates:
        access_hash = await self._hash_of(channel_id)
        if access_hash is None:
            # Nothing can be asked of it; its next update begins it again.
            gap = self._box.jump(channel_id, 0)
            self._box.forget(channel_id)
            return RawUpdates([gap])
        request = self._box.channel_request(channel_id, access_hash)
        return self._box.channel_difference(channel_id, await self._invoke(request))

    async def _hash_of(self, channel_id: int) -> int | None:
        """A channel's access hash; if nobody has it, the account's dialogs are asked, once in a connection's life: page
        by page until it is there, and after an error (a wait, say) from where they stopped."""
        found = await self._hashes.get(CHANNEL_MARK - channel_id)
        if found is not None or self._asked_dialogs:
            return found
        async for answer, after in answers(self._wire.invoke, self._hashes, self._dialogs_after):
            self._dialogs_after = after
            self._hashes.extend(answer.users, answer.chats)
            found = await self._hashes.get(CHANNEL_MARK - channel_id)
            if found is not None:
                break
        self._asked_dialogs = self._dialogs_after is None
        return found

    async def _difference_failed(self, entry: Entry, error: TelegramError) -> None:
        if error.is_fatal or error.code in ENDED or error.kind is Kind.MIGRATE:
            raise error
        if error.kind is Kind.WAIT and error.seconds is not None:
            self._failed.pop(entry, None)  # told to wait: that is no failure
            self._retries.wait(entry, self._now() + max(error.seconds, 1), all_channels=True)
        elif entry is not ACCOUNT and error.code in GONE:
            self._failed.pop(entry, None)
            removed = Removed(entry, self._box.pts(entry))
            self._box.forget(entry)
            self._emit(RawUpdates([removed]))
        elif entry is not ACCOUNT and error.code == "CHANNEL_INVALID":
            self._failed.pop(entry, None)
            self._emit(RawUpdates([self._box.jump(entry, 0)]))
            self._box.forget(entry)
        elif error.code in LOST_PLACE:
            await self._jump(entry)
        else:
            self._back_off(entry)

    def _back_off(self, entry: Entry) -> None:
        self._failed[entry] = self._failed.get(entry, 0) + 1
        self._retries.back_off(entry, self._now())

    async def _jump(self, entry: Entry) -> None:
        """Telegram does not know our place, or we cannot read its answer: go on from now, and note the gap."""
        try:
            if entry is ACCOUNT:
                state = await self._wire.invoke(F.updates.GetStateRequest())
                gap = self._box.jump(ACCOUNT, state.pts)
                self._box.set_state(state, reset=False)
                self._emit(RawUpdates([gap]))
            else:
                channel = T.InputChannel(entry, await self._hashes.get(CHANNEL_MARK - entry))
                full = await self._wire.invoke(F.channels.GetFullChannelRequest(channel))
                gap = self._box.jump(entry, full.full_chat.pts)
                self._emit(RawUpdates([gap], full.users, full.chats, {entry}))
            self._failed.pop(entry, None)
        except TelegramError as error:
            if error.is_fatal or error.code in ENDED:
                raise
            self._back_off(entry)

    def _settle_wanted(self) -> None:
        self._wanted &= self._box.getting_diff_for
        if not self._wanted:
            self.caught_up.set()

    def learn(self, channels: Mapping[int, int]) -> None:
        """Begin to follow channels of which no pts was known, from a list of dialogs (bare ids)."""
        new = {channel_id: pts for channel_id, pts in channels.items() if channel_id not in self._box.map}
        for channel_id, pts in new.items():
            self._box.jump(channel_id, pts)
        if new:
            with contextlib.suppress(SinkFull):  # its next update brings it again
                self._put_entry(Incoming((), (), self._state(new)))

    # --- a full sink --------------------------------------------------------------------------------------------

    async def _start_over(self) -> None:
        """Go back to the state that was put last, and go on from there once all that was put is committed."""
        self._wire.updates.clear()
        self._forget_gathered()
        self._fetching.clear()
        self._box.restore(self._put)
        self._failed.clear()
        if self._last_put is not None:
            await asyncio.wait((self._last_put,))
        else:
            await asyncio.sleep(FIRST_RETRY)
        self._begin_all()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
