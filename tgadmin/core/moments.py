"""Times in the database that Python's datetime cannot hold: they are read as the nearest that it can.

PostgreSQL knows infinity and years from 4713 BC to 294276 AD; psycopg refuses them, and with them the whole result in
which one of them stands.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import Format

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
"""A day from the ends, so that they may be said in any zone."""
TIMESTAMPTZ = psycopg.adapters.types["timestamptz"].oid
_BEFORE_CHRIST = b"BC"
_PSYCOPGS: dict[Format, Any] = {
    form: psycopg.adapters.get_loader(TIMESTAMPTZ, form) for form in (Format.TEXT, Format.BINARY)
}
"""Its own loaders, in C where that is installed."""


def tolerate(adapters: AdaptersMap, timezone: tzinfo | None = None) -> None:
    """Have connections with these adapters read every time; said in ``timezone`` if one is given."""
    for each in _PSYCOPGS:
        adapters.register_loader(TIMESTAMPTZ, _loader(each, timezone))


def _loader(form: Format, zone: tzinfo | None) -> type[Loader]:
    inner, is_text = _PSYCOPGS[form], form is Format.TEXT

    class TolerantLoader(Loader):
        """What psycopg reads a time with; instead of refusing one it takes the nearest."""

        format = form
        timezone = zone  # Django looks at this

        def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
            super().__init__(oid, context)
            self._load = inner(oid, context).load

        def load(self, data: Buffer) -> Any:
            try:
                found: datetime = self._load(data)
            except (psycopg.DataError, OverflowError, ValueError):
                return _nearest(bytes(data), is_text)
            return found if zone is None else found.replace(tzinfo=zone)

    return TolerantLoader


def _nearest(data: bytes, is_text: bool) -> datetime:
    """By its sign: as text, or as microseconds since 2000."""
    negative = data.startswith(b"-") or data.endswith(_BEFORE_CHRIST) if is_text else data[0] > 127
    return EARLIEST if negative else LATEST
