"""The bookkeeping of pts: which updates may be applied, which are known already, of which boxes differences are due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812
from telethon._updates import MessageBox
from telethon._updates.messagebox import ENTRY_ACCOUNT, ENTRY_SECRET, NO_SEQ, GapError, PtsInfo, State, epoch

from tgadmin.core.types import CHANNEL_MARK, Checkpoint
from tgadmin.telegram._telethon.connection import QuietLogs

Entry = Any
"""A box's name: ACCOUNT, or a channel's bare id. (Telethon knows a third, for qts; it goes with the account's.)"""
ACCOUNT: Entry = ENTRY_ACCOUNT

SILENCE = 15 * 60.0
"""Seconds without updates after which the account's difference is asked for (core.telegram.org/api/updates)."""
CHANNEL_SILENCE = 4 * SILENCE
"""The same for a channel, at least; up to twice that by chance, so that hundreds of channels do not ask at once."""
SCAN_SECONDS = 30.0
_EPOCH = epoch()
_NEW_MESSAGES = frozenset((T.UpdateNewMessage, T.UpdateNewChannelMessage))
DIFFERENCE_LIMIT = 100


@dataclass(slots=True)
class TooLong:
    """Telegram no longer gives what lies between two pts of a box. A channel's comes with its last messages."""

    entry: Entry
    low: int
    high: int
    dialog: Any = None
    messages: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Recovered:
    """A difference has been asked for to its end: ``count`` updates came that had not come by themselves."""

    entry: Entry
    low: int
    high: int
    count: int


@dataclass(slots=True)
class Removed:
    """The account is no member of the channel any more: Telegram gives nothing of it after ``pts``."""

    entry: Entry
    pts: int


@dataclass(slots=True)
class RawUpdates:
    """What one container or difference brought, in order; ``channels`` are those whose pts moved (bare ids)."""

    updates: list[Any] = field(default_factory=list)
    users: list[Any] = field(default_factory=list)
    chats: list[Any] = field(default_factory=list)
    channels: set[int] = field(default_factory=set)


def entry_of(update: Any) -> Entry | None:
    """The box whose pts the update bears, None for one without."""
    if isinstance(update, T.UpdateChannelTooLong):
        return update.channel_id
    info = PtsInfo.from_update(update)
    return None if info is None else info.entry


class Box(MessageBox):
    """Telethon's MessageBox with its losses mended.

    Results of our own requests are passed on like any update. In a difference, messages come before the updates that
    touch them, and an update is not dropped because its pts lies below the state that the difference has just set.
    What Telegram no longer gives becomes a TooLong in the stream. A container that shows a gap in seq still gives its
    channels' updates.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        super().__init__(QuietLogs()["messagebox"])
        self._random = random
        self._scan_at = 0.0

    def _trace(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Telethon formats its whole state here for each update; nobody reads it."""

    # --- state ---------------------------------------------------------------------------------------------------

    def restore(self, checkpoint: Checkpoint) -> None:
        """Begin from a stored state; forgets everything else."""
        self.getting_diff_for.clear()
        self.possible_gaps.clear()
        self.map.clear()
        self.map[ENTRY_ACCOUNT] = State(checkpoint.pts, self._deadline(ENTRY_ACCOUNT))
        if checkpoint.qts:
            self.map[ENTRY_SECRET] = State(checkpoint.qts, self._deadline(ENTRY_SECRET))
        for marked, pts in checkpoint.channels.items():
            channel_id = CHANNEL_MARK - marked
            self.map[channel_id] = State(pts, self._deadline(channel_id))
        self.date = datetime.fromtimestamp(checkpoint.date, UTC)
        self.seq = checkpoint.seq

    def checkpoint(self, channels: Iterable[int]) -> Checkpoint:
        """The state as it is now, with the pts of these channels (bare ids)."""
        secret = self.map.get(ENTRY_SECRET)
        return Checkpoint(
            pts=self.map[ENTRY_ACCOUNT].pts,
            qts=secret.pts if secret is not None else NO_SEQ,
            date=int(self.date.timestamp()),
            seq=self.seq,
            channels={CHANNEL_MARK - entry: self.map[entry].pts for entry in channels if entry in self.map},
        )

    @property
    def channels(self) -> list[int]:
        """The bare ids of all channels whose pts is known."""
        return [entry for entry in self.map if isinstance(entry, int)]

    def pts(self, entry: Entry) -> int:
        state = self.map.get(entry)
        return state.pts if state is not None else 0

    # --- updates as they come ------------------------------------------------------------------------------------

    def process(self, updates: Any) -> RawUpdates:
        """Apply one container. What has to wait for a gap stays inside; what is known already is dropped."""
        if (raw := self._in_order(updates)) is not None:
            return raw
        updates._self_outgoing = False  # Telethon marks results of our own requests, to hide them
        users, chats = list(getattr(updates, "users", None) or ()), list(getattr(updates, "chats", None) or ())
        raw = RawUpdates(users=users, chats=chats)
        inner = getattr(updates, "updates", None) or [getattr(updates, "update", None)]
        for update in inner:
            if isinstance(update, T.UpdateChannelTooLong) and update.channel_id not in self.map:
                self._unknown_too_long(update, raw)
        try:
            self.process_updates(updates, None, raw.updates)
        except GapError:
            # The account's part of it comes with the difference; channels count for themselves.
            if own := [update for update in inner if isinstance(entry_of(update), int)]:
                self.process_updates(T.Updates(own, [], [], self.date, NO_SEQ), None, raw.updates)
        raw.channels |= {entry for update in raw.updates if isinstance(entry := entry_of(update), int)}
        return raw

    def _in_order(self, updates: Any) -> RawUpdates | None:
        """What nearly every container is, without Telethon's sorting and searching: new messages whose pts follow each
        other and what is known, while nothing is missing. None for any other; then nothing has been touched."""
        if type(updates) is not T.Updates or self.getting_diff_for or self.possible_gaps:
            return None
        if not updates.updates or (updates.seq and updates.seq != self.seq + 1):
            return None
        reached = self._followed(updates.updates)
        if reached is None:
            return None
        for entry, pts in reached.items():
            self.map[entry].pts = pts
        if updates.date != _EPOCH:
            self.date = updates.date
        if updates.seq:
            self.seq = updates.seq
        reached.pop(ENTRY_ACCOUNT, None)
        return RawUpdates(updates.updates, updates.users, updates.chats, set(reached))

    def _followed(self, updates: Iterable[Any]) -> dict[Entry, int] | None:
        """The pts of each box after these, or None if they are not all new messages, each the next of its box."""
        reached: dict[Entry, int] = {}
        for update in updates:
            if type(update) not in _NEW_MESSAGES:
                return None
            entry = getattr(update.message.peer_id, "channel_id", ENTRY_ACCOUNT)
            known = reached.get(entry)
            if known is None:
                if (state := self.map.get(entry)) is None:
                    return None
                known = state.pts
            if known + update.pts_count != update.pts:
                return None
            reached[entry] = update.pts
        return reached

    # --- deadlines -----------------------------------------------------------------------------------------------

    def reset_deadlines(self, entries: Iterable[Entry], deadline: float) -> None:
        """Push the silence of these boxes out; Telethon gives all channels the same 15 minutes."""
        for entry in entries:
            if (state := self.map.get(entry)) is not None:
                state.deadline = self._deadline(entry)

    def due(self) -> float:
        """Begin the differences whose time has come. Returns the loop time at which to look again."""
        now = asyncio.get_running_loop().time()
        for entry in [entry for entry, gap in self.possible_gaps.items() if now >= gap.deadline]:
            self.begin(entry)
        if now >= self._scan_at:
            self._scan_at = now + SCAN_SECONDS
            for entry in [entry for entry, state in self.map.items() if now >= state.deadline]:
                self.begin(entry)
        return min([self._scan_at, *(float(gap.deadline) for gap in self.possible_gaps.values())])

    def begin(self, entry: Entry) -> None:
        """Mark a box as needing its difference."""
        self.try_begin_get_diff(ENTRY_ACCOUNT if entry is ENTRY_SECRET else entry, "")
        if entry is ENTRY_SECRET:
            self.possible_gaps.pop(ENTRY_SECRET, None)

    def end(self, entry: Entry) -> None:
        """The box needs no difference any more, or cannot have one."""
        self.getting_diff_for.discard(entry)
        if entry is ENTRY_ACCOUNT:
            self.getting_diff_for.discard(ENTRY_SECRET)
        self.reset_deadlines((entry,), 0)

    def forget(self, entry: Entry) -> None:
        """Forget a channel's state: its next update begins it again."""
        self.end(entry)
        self.possible_gaps.pop(entry, None)
        self.map.pop(entry, None)

    def jump(self, entry: Entry, pts: int) -> TooLong:
        """Go on from this pts, leaving out what lies between."""
        gap = TooLong(entry, self.pts(entry), pts)
        self.possible_gaps.pop(entry, None)
        self.map[entry] = State(pts, self._deadline(entry))
        self.end(entry)
        return gap

    # --- differences ---------------------------------------------------------------------------------------------

    def channel_request(self, channel_id: int, access_hash: int) -> Any:
        return F.updates.GetChannelDifferenceRequest(
            channel=T.InputChannel(channel_id, access_hash),
            filter=T.ChannelMessagesFilterEmpty(),
            pts=self.pts(channel_id),
            limit=DIFFERENCE_LIMIT,
            force=False,
        )

    def account_difference(self, difference: Any) -> RawUpdates:
        """Apply an answer to get_difference(); the account stays marked until its last slice."""
        kind = T.updates
        if isinstance(difference, kind.DifferenceEmpty):
            self.date, self.seq = difference.date, difference.seq
            self.end(ENTRY_ACCOUNT)
            return RawUpdates()
        if isinstance(difference, kind.DifferenceTooLong):
            low = self.pts(ENTRY_ACCOUNT)
            self.map[ENTRY_ACCOUNT].pts = difference.pts
            if difference.pts <= low:  # the same answer would come for ever
                self.end(ENTRY_ACCOUNT)
            return RawUpdates([TooLong(ENTRY_ACCOUNT, low, difference.pts)])
        return self._full_difference(difference)

    def _full_difference(self, difference: Any) -> RawUpdates:
        before = (self.pts(ENTRY_ACCOUNT), self.pts(ENTRY_SECRET), self.date)
        state = getattr(difference, "intermediate_state", None) or difference.state
        self.set_state(state, reset=False)
        raw = RawUpdates(users=difference.users, chats=difference.chats)
        raw.updates += [T.UpdateNewMessage(message, NO_SEQ, NO_SEQ) for message in difference.new_messages]
        for update in difference.other_updates:
            entry = entry_of(update)
            if isinstance(entry, int):
                self._channel_update(update, entry, raw)
            else:
                raw.updates.append(update)  # its pts lies below the state just set: Telethon would drop it
        raw.updates += [T.UpdateNewEncryptedMessage(each, NO_SEQ) for each in difference.new_encrypted_messages]
        stuck = before == (self.pts(ENTRY_ACCOUNT), self.pts(ENTRY_SECRET), self.date)
        if stuck or isinstance(difference, T.updates.Difference):
            self.end(ENTRY_ACCOUNT)
        return raw

    def _channel_update(self, update: Any, channel_id: int, raw: RawUpdates) -> None:
        if isinstance(update, T.UpdateChannelTooLong) and channel_id not in self.map:
            self._unknown_too_long(update, raw)
            return
        found: list[Any] = []
        update._self_outgoing = False
        self.process_updates(T.Updates([update], [], [], self.date, NO_SEQ), None, found)
        raw.updates += found
        raw.channels |= {entry for each in found if isinstance(entry := entry_of(each), int)}

    def _unknown_too_long(self, update: Any, raw: RawUpdates) -> None:
        """A channel of which no pts was known has news: all before its present pts is a gap."""
        raw.updates.append(TooLong(update.channel_id, 0, update.pts or 0))
        if update.pts:
            self.map[update.channel_id] = State(update.pts, self._deadline(update.channel_id))
            raw.channels.add(update.channel_id)

    def channel_difference(self, channel_id: int, difference: Any) -> RawUpdates:
        """Apply an answer to channel_request(); the channel stays marked until its last slice."""
        kind = T.updates
        low = self.pts(channel_id)
        if isinstance(difference, kind.ChannelDifferenceTooLong):
            gap = self.jump(channel_id, difference.dialog.pts or low)
            gap.dialog, gap.messages = difference.dialog, difference.messages
            return RawUpdates([gap], difference.users, difference.chats, {channel_id})
        self.map[channel_id].pts = difference.pts
        if isinstance(difference, kind.ChannelDifferenceEmpty):
            self.end(channel_id)
            return RawUpdates(channels={channel_id})
        if difference.final or difference.pts <= low:
            self.end(channel_id)
        updates = [T.UpdateNewChannelMessage(message, NO_SEQ, NO_SEQ) for message in difference.new_messages]
        return RawUpdates(updates + list(difference.other_updates), difference.users, difference.chats, {channel_id})

    def _deadline(self, entry: Entry) -> float:
        now = asyncio.get_running_loop().time()
        return now + (CHANNEL_SILENCE * (1 + self._random()) if isinstance(entry, int) else SILENCE)
