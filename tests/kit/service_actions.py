"""Every action of a service message that Telethon's schema has, with facts of several kinds, as they are stored."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.telegram.convert.messages import service

ME, NAMES = 7, {7: "Anna", 8: "Ben", 9: "Chloé", 10: "Dao"}
ACTIONS: list[type] = [
    value for name, value in sorted(vars(T).items()) if name.startswith("MessageAction") and inspect.isclass(value)
]
_PEOPLE = ([7], [8], [8, 9, 10], [8, 9, 10, 11, 12])
_VALUES: dict[str, tuple[Any, ...]] = {
    "users": _PEOPLE,
    "peers": tuple([T.PeerUser(one) for one in some] for some in _PEOPLE),
    "user_id": (7, 8, 99),
    "new_creator_id": (8,),
    "bot_id": (9,),
    "inviter_id": (8,),
    "from_id": (T.PeerUser(8),),
    "to_id": (T.PeerUser(9),),
    "title": ("Offers", ""),
    "message": ("Anna took a screenshot!", ""),
    "domain": (None, "example.org"),
    "duration": (None, 59, 60, 7300),
    "period": (0, 86_400, 604_800, 2_678_400),
    "reason": (
        None,
        T.PhoneCallDiscardReasonMissed(),
        T.PhoneCallDiscardReasonBusy(),
        T.PhoneCallDiscardReasonHangup(),
    ),
    "currency": ("EUR", "XTR", "JPY"),
    "total_amount": (1999,),
    "schedule_date": (datetime(2026, 12, 24, 18, 30, tzinfo=UTC),),
    "closed": (None, True, False),
    "hidden": (None, True, False),
    "completed": ([], [1]),
    "incompleted": ([2],),
    "winners_count": (1, 5),
    "boosts": (1, 3),
    "stars": (0, 50),
    "reject_comment": (None, "Too late"),
}
_COUNTS = ("days", "score", "distance", "count", "amount", "crypto_amount", "unclaimed_count", "channel_id", "chat_id")
_FLAGS = (
    "missed", "active", "video", "via_giveaway", "attach_menu", "new_value", "expired", "same", "accepted", "declined",
    "rejected", "balance_too_low", "refunded", "upgrade", "transferred",
)  # fmt: skip


def examples() -> Iterator[dict[str, Any]]:
    """The facts of each action in every combination of those values that its sentences may look at."""
    for action in ACTIONS:
        names = [name for name in inspect.signature(action).parameters if name not in ("args", "kwargs")]
        for values in product(*map(_values, names)):
            yield service(action(**dict(zip(names, values, strict=True))))


def _values(name: str) -> tuple[Any, ...]:
    if name in _FLAGS:
        return (None, True)
    return _VALUES.get(name, (5,) if name in _COUNTS else (None,))
