"""When a difference that failed may be asked for again."""

from __future__ import annotations

from dataclasses import dataclass, field

from tgadmin.telegram._telethon import ACCOUNT, Entry

FIRST_RETRY = 1.0
LAST_RETRY = 60.0
"""Seconds: the first pause, which doubles with each failure, and the longest."""


@dataclass
class Retries:
    """By box, in the loop's seconds."""

    delays: dict[Entry, float] = field(default_factory=dict)
    times: dict[Entry, float] = field(default_factory=dict)
    channels_at: float = 0.0  # a flood wait of getChannelDifference is for all channels

    def at(self, entry: Entry) -> float:
        return max(self.times.get(entry, 0.0), 0.0 if entry is ACCOUNT else self.channels_at)

    def wait(self, entry: Entry, until: float, *, all_channels: bool) -> None:
        if all_channels and entry is not ACCOUNT:
            self.channels_at = until
        else:
            self.times[entry] = until

    def back_off(self, entry: Entry, now: float) -> None:
        delay = self.delays[entry] = min(self.delays.get(entry, FIRST_RETRY / 2) * 2, LAST_RETRY)
        self.times[entry] = now + delay

    def clear(self, entry: Entry) -> None:
        self.delays.pop(entry, None)
        self.times.pop(entry, None)
