"""What a message bears besides text: its kind and what a preview needs; nothing is downloaded.

Each is {"kind": …} with facts that are JSON; their ranges are core's (``MEDIA``). ``preview`` is Telegram's stripped
thumbnail in base64 (https://core.telegram.org/api/files#stripped-thumbnails); ``ttl_seconds`` marks what destroys
itself: not to be kept.
"""

from __future__ import annotations

import base64
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core.types import MEDIA
from tgadmin.telegram.convert.peers import marked_or_none
from tgadmin.telegram.convert.text import iso, kind_of, or_else

Facts = dict[str, Any]
_sound = MEDIA.check()


def media(found: Any) -> Facts | None:
    """A message's media, None for text only."""
    if found is None or isinstance(found, T.MessageMediaEmpty):
        return None
    bare: Facts = {"kind": kind_of(type(found), "MessageMedia")}
    convert = _KINDS.get(type(found))
    facts = bare if convert is None else or_else(convert, found, bare)
    if getattr(found, "ttl_seconds", None):
        facts["ttl_seconds"] = found.ttl_seconds
        facts.pop("preview", None)  # small, but a picture of what its sender wants gone
    if getattr(found, "spoiler", None):
        facts["spoiler"] = True
    sound: Facts = _sound({key: value for key, value in facts.items() if value is not None})
    return sound


def _photo(found: Any) -> Facts:
    photo = found.photo
    if not isinstance(photo, T.Photo):
        return {"kind": "photo", "expired": True}
    return {"kind": "photo"} | _largest(photo.sizes) | _preview(photo.sizes)


def _largest(sizes: Any) -> Facts:
    known = [each for each in sizes or () if getattr(each, "w", None)]
    if not known:
        return {}
    best = max(known, key=lambda each: each.w * each.h)
    size = getattr(best, "size", None) or max(getattr(best, "sizes", None) or [0]) or None
    return {"width": best.w, "height": best.h, "size": size}


def _preview(sizes: Any) -> Facts:
    stripped = next((each.bytes for each in sizes or () if isinstance(each, T.PhotoStrippedSize)), None)
    return {} if stripped is None else {"preview": base64.b64encode(stripped).decode("ascii")}


def _document(found: Any) -> Facts:
    document = found.document
    if not isinstance(document, T.Document):
        return {"kind": _expired_kind(found), "expired": True}
    facts: Facts = {"kind": "document", "mime_type": document.mime_type, "size": document.size}
    for attribute in document.attributes:
        facts |= _attribute(attribute)
    if facts["kind"] == "document" and any(isinstance(a, T.DocumentAttributeAnimated) for a in document.attributes):
        facts["kind"] = "gif"
    return facts | _preview(document.thumbs)


def _expired_kind(found: Any) -> str:
    if found.voice:
        return "voice"
    if found.round:
        return "video_note"
    return "video" if found.video else "document"


def _attribute(attribute: Any) -> Facts:
    if isinstance(attribute, T.DocumentAttributeFilename):
        return {"file_name": attribute.file_name}
    if isinstance(attribute, T.DocumentAttributeImageSize):
        return {"width": attribute.w, "height": attribute.h}
    if isinstance(attribute, T.DocumentAttributeAnimated):
        return {"kind": "gif"}
    if isinstance(attribute, T.DocumentAttributeSticker):
        return {"kind": "sticker", "emoji": attribute.alt}
    if isinstance(attribute, T.DocumentAttributeAudio):
        return _audio(attribute)
    if isinstance(attribute, T.DocumentAttributeVideo):
        return _video(attribute)
    return {}


def _audio(attribute: Any) -> Facts:
    if attribute.voice:
        wave = attribute.waveform
        waveform = base64.b64encode(wave).decode("ascii") if wave else None
        return {"kind": "voice", "duration": attribute.duration, "waveform": waveform}
    return {
        "kind": "audio",
        "duration": attribute.duration,
        "title": attribute.title,
        "performer": attribute.performer,
    }


def _video(attribute: Any) -> Facts:
    return {
        "kind": "video_note" if attribute.round_message else "video",
        "duration": attribute.duration,
        "width": attribute.w,
        "height": attribute.h,
    }


def _web_page(found: Any) -> Facts:
    page = found.webpage
    facts: Facts = {"kind": "web_page", "url": getattr(page, "url", None)}
    if isinstance(page, T.WebPage):
        facts |= {"site_name": page.site_name, "title": page.title, "description": page.description}
    return facts


def _contact(found: Any) -> Facts:
    return {
        "kind": "contact",
        "first_name": found.first_name,
        "last_name": found.last_name,
        "phone_number": found.phone_number,
        "user_id": found.user_id or None,
    }


def _place(geo: Any) -> Facts:
    if not isinstance(geo, T.GeoPoint):
        return {}
    return {"latitude": geo.lat, "longitude": geo.long}


def _location(found: Any) -> Facts:
    return {"kind": "location"} | _place(found.geo)


def _live_location(found: Any) -> Facts:
    return {"kind": "live_location", "period": found.period} | _place(found.geo)


def _venue(found: Any) -> Facts:
    return {"kind": "venue", "title": found.title, "address": found.address} | _place(found.geo)


def _poll(found: Any) -> Facts:
    poll = found.poll
    return {
        "kind": "poll",
        "question": poll.question.text,
        "answers": [answer.text.text for answer in poll.answers],
        "closed": bool(poll.closed),
        "quiz": bool(poll.quiz),
        "multiple_choice": bool(poll.multiple_choice),
        "total_voters": getattr(found.results, "total_voters", None),
        "close_date": iso(poll.close_date),
    }


def _dice(found: Any) -> Facts:
    return {"kind": "dice", "emoji": found.emoticon, "value": found.value}


def _game(found: Any) -> Facts:
    return {"kind": "game", "title": found.game.title, "description": found.game.description}


def _invoice(found: Any) -> Facts:
    return {
        "kind": "invoice",
        "title": found.title,
        "description": found.description,
        "currency": found.currency,
        "total_amount": found.total_amount,
    }


def _story(found: Any) -> Facts:
    return {"kind": "story", "peer_id": marked_or_none(found.peer), "story_id": found.id}


def _to_do(found: Any) -> Facts:
    title = getattr(found.todo.title, "text", "")
    return {"kind": "to_do", "title": title, "items": [item.title.text for item in found.todo.list]}


def _paid(found: Any) -> Facts:
    return {"kind": "paid_media", "stars": found.stars_amount, "count": len(found.extended_media)}


_KINDS = {
    T.MessageMediaPhoto: _photo,
    T.MessageMediaDocument: _document,
    T.MessageMediaWebPage: _web_page,
    T.MessageMediaContact: _contact,
    T.MessageMediaGeo: _location,
    T.MessageMediaGeoLive: _live_location,
    T.MessageMediaVenue: _venue,
    T.MessageMediaPoll: _poll,
    T.MessageMediaDice: _dice,
    T.MessageMediaGame: _game,
    T.MessageMediaInvoice: _invoice,
    T.MessageMediaStory: _story,
    T.MessageMediaToDo: _to_do,
    T.MessageMediaPaidMedia: _paid,
}
