"""Marked ids, by which users, groups and channels are named: https://core.telegram.org/api/bots/ids"""

from __future__ import annotations

CHANNEL_BASE = 1_000_000_000_000  # marked ids of channels and supergroups lie at or below minus this


def is_channel(marked: int) -> bool:
    """Whether a marked id names a supergroup or channel, which has a box of its own."""
    return marked <= -CHANNEL_BASE
