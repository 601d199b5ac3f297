"""Which spans a message of ours may bear, and how they lie in each other.

Telegram's rules (https://core.telegram.org/bots/api#messageentity): two spans that have characters in common lie one in
the other; code holds no others; quotes do not nest, nor do links and mentions. Official clients make it so before they
send, since the server leaves out what is not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from urllib.parse import urlsplit

from tgadmin.core.types import Entity

MAX_SPANS_SENT = 100
"""Telegram's server takes no more with a message (ENTITIES_TOO_LONG)."""
MAX_URL = 2048
"""Characters of a link's address that staff may set."""

STYLES = ("bold", "italic", "underline", "strike", "spoiler")
"""These may begin and end anywhere, so they are cut where they cross something else."""
CODE = frozenset({"code", "pre"})
SENT = frozenset({*STYLES, *CODE, "blockquote", "text_url", "mention_name", "custom_emoji", "formatted_date"})
"""Kinds that the sender sets."""
FOUND = frozenset({"url", "email", "phone", "mention", "hashtag", "cashtag", "bot_command", "bank_card"})
"""Kinds that Telegram finds in a text by itself: they are left to it."""

_SCHEMES = frozenset({"http", "https", "tg", "ton", "tonsite"})
_HAS_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)
_LANGUAGE = re.compile(r"[\w+#.-]{1,64}")
_ID = re.compile(r"[1-9]\d{0,18}")
_DATE = re.compile(r"\d{1,11}(?::[a-z_,]{0,80})?")
_UNSEEN = re.compile(r"[\s\u0000-\u001f\u007f]")

Interval = tuple[int, int]


def nested(spans: Iterable[Entity], length: int, known: Collection[str] = ()) -> tuple[Entity, ...]:
    """The spans as Telegram takes them, sorted: within the text's ``length``, of kinds that are sent, one in the other
    or apart. ``known``: what spans of the stored message say (addresses …), which Telegram has taken once already."""
    sound = [one for span in spans if (one := _sound(span, length, known)) is not None]
    solid = _solid([one for one in sound if one.kind not in STYLES])
    placed = list(solid)
    code = [_interval(one) for one in solid if one.kind in CODE]
    for kind in STYLES:
        pieces = _without(_union(_interval(one) for one in sound if one.kind == kind), code)
        edges = sorted({_interval(one) for one in placed})
        placed += [Entity(kind, start, end - start) for piece in pieces for start, end in _cut(piece, edges)]
    return tuple(sorted(placed, key=_place))


def same_formatting(one: Iterable[Entity], other: Iterable[Entity], length: int) -> bool:
    """Whether two sets of spans make the same of a text of that length; what Telegram finds by itself aside."""
    return _as_sent(one, length) == _as_sent(other, length)


def _as_sent(spans: Iterable[Entity], length: int) -> tuple[Entity, ...]:
    kept = [one for one in spans if one.kind in SENT]
    return nested(kept, length, frozenset(one.extra for one in kept))


def _place(span: Entity) -> tuple[int, int, str]:
    return span.offset, -span.length, span.kind


def _interval(span: Entity) -> Interval:
    return span.offset, span.offset + span.length


def _sound(span: Entity, length: int, known: Collection[str]) -> Entity | None:
    """The span within the text; None for one that says nothing, or nothing that may be sent."""
    start, end = max(span.offset, 0), min(span.offset + span.length, length)
    if span.kind not in SENT or end <= start:
        return None
    extra = span.extra if span.extra and span.extra in known else _extra(span)
    return None if extra is None else Entity(span.kind, start, end - start, extra)


def _extra(span: Entity) -> str | None:
    """What the span says beside the text, if that may be said; None: then the span is nothing."""
    if span.kind == "text_url":
        return address(span.extra)
    if span.kind == "pre":
        return span.extra if _LANGUAGE.fullmatch(span.extra) else ""
    if span.kind == "blockquote":
        return "collapsed" if span.extra == "collapsed" else ""
    if span.kind in ("mention_name", "custom_emoji"):
        return span.extra if _ID.fullmatch(span.extra) else None
    if span.kind == "formatted_date":
        return span.extra if _DATE.fullmatch(span.extra) else None
    return ""


def address(given: str) -> str | None:
    """A link's address as Telegram takes it, or None: of the schemes that its clients open, https where none is said.
    Never a script."""
    text = given.strip()
    if not text or len(text) > MAX_URL or _UNSEEN.search(text):
        return None
    full = text if _HAS_SCHEME.match(text) else f"https://{text.removeprefix('//')}"
    try:
        parts = urlsplit(full)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in _SCHEMES or not host:
        return None
    return full if parts.scheme in ("tg", "ton", "tonsite") or "." in host or host == "localhost" else None


def _solid(spans: Sequence[Entity]) -> list[Entity]:
    """Quotes, links, mentions and code: of two that cross, and of two links one in the other, the first stays."""
    kept: list[Entity] = []
    for span in sorted(spans, key=lambda one: (one.kind != "blockquote", *_place(one))):
        if all(_may_meet(span, other) for other in kept):
            kept.append(span)
    return kept


def _may_meet(span: Entity, other: Entity) -> bool:
    (start, end), (left, right) = _interval(span), _interval(other)
    if end <= left or right <= start:
        return True
    within = left <= start and end <= right
    if other.kind == "blockquote":
        return within and span.kind != "blockquote"
    emoji_in = within and span.kind == "custom_emoji" and other.kind in ("text_url", "mention_name")
    return emoji_in or (start <= left and right <= end and other.kind == "custom_emoji" and span.kind == "text_url")


def _union(intervals: Iterable[Interval]) -> list[Interval]:
    """Overlapping and adjacent ones made one, in order."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _without(intervals: list[Interval], holes: Sequence[Interval]) -> list[Interval]:
    for left, right in holes:
        rest = [(start, min(end, left)) for start, end in intervals]
        rest += [(max(start, right), end) for start, end in intervals]
        intervals = sorted((start, end) for start, end in rest if end > start)
    return intervals


def _cut(piece: Interval, others: Sequence[Interval]) -> list[Interval]:
    """The interval in parts, each of which lies in, around or apart from every other."""
    parts = [piece]
    for left, right in others:
        done: list[Interval] = []
        for start, end in parts:
            crosses = start < left < end < right or left < start < right < end
            at = left if start < left else right
            done += [(start, at), (at, end)] if crosses else [(start, end)]
        parts = done
    return parts
