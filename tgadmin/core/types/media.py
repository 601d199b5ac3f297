"""What is told of media, of service messages and of where a message was forwarded from: JSON objects."""

from __future__ import annotations

from tgadmin.core.bounds import EXACT, INT, LONG, Real, Whole, Words
from tgadmin.core.facts import Facts

_SIZE, _SECONDS, _TOTAL = Whole(0, EXACT), Real(0, INT), Whole(0, INT)
_PIXELS = Whole(0, INT)
MEDIA = Facts(
    {
        "kind": Words(64),
        "width": _PIXELS,
        "height": _PIXELS,
        "size": _SIZE,
        "duration": _SECONDS,
        "period": _TOTAL,
        "ttl_seconds": _TOTAL,
        "latitude": Real(-90, 90),
        "longitude": Real(-180, 180),
        "total_voters": _TOTAL,
        "value": _TOTAL,
        "story_id": Whole(1, INT),
        "stars": _SIZE,
        "count": _TOTAL,
        "file_name": Words(1024),
        "mime_type": Words(255),
        "url": Words(4096, cut=False),
    },
    kind=True,
)
SERVICE = Facts({"kind": Words(64), "duration": _SECONDS, "title": Words(255)}, kind=True)
DETAILS = Facts(
    {
        "quote": Words(4096),
        "quote_offset": Whole(0, INT),
        "reply_peer_id": Whole(-LONG - 1, LONG, nought=False),
        "reply_message_id": Whole(1, INT),
        "reply_from_id": Whole(-LONG - 1, LONG, nought=False),
        "reply_from_name": Words(255),
        "story_peer_id": Whole(-LONG - 1, LONG, nought=False),
        "story_id": Whole(1, INT),
        "topic_id": Whole(1, INT),
        "via_bot_id": Whole(1, LONG),
        "via_business_bot_id": Whole(1, LONG),
        "album_id": Words(20),
        "ttl_period": _TOTAL,
    }
)
"""What a message bears besides its text and media (``details_of`` in tgadmin.telegram.convert.details)."""
FORWARD = Facts({"from_id": Whole(-LONG - 1, LONG, nought=False), "post_id": Whole(1, INT), "author": Words(255)})
