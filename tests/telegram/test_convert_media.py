"""Telegram's service messages and media as core types, kind by kind."""

import inspect
import json
from typing import Any

import pytest
from telethon import types as T  # noqa: N812

from tests.telegram.objects import CHANNEL, NOW, ROOM, USER
from tgadmin.telegram.convert.media import media
from tgadmin.telegram.convert.messages import service

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("action", "facts"),
    [
        (T.MessageActionChatCreate("T\0itle", [1, 2]), {"kind": "chat_create", "title": "Title", "users": [1, 2]}),
        (T.MessageActionChatAddUser([1]), {"kind": "chat_add_user", "users": [1]}),
        (T.MessageActionChatDeleteUser(1), {"kind": "chat_delete_user", "user_id": 1}),
        (T.MessageActionPinMessage(), {"kind": "pin_message"}),
        (T.MessageActionChannelMigrateFrom("T", 8), {"kind": "channel_migrate_from", "title": "T", "chat_id": -8}),
        (T.MessageActionChatMigrateTo(7), {"kind": "chat_migrate_to", "channel_id": ROOM}),
        (
            T.MessageActionPhoneCall(2**60, reason=T.PhoneCallDiscardReasonMissed(), duration=3),
            {"kind": "phone_call", "call_id": str(2**60), "reason": "missed", "duration": 3},
        ),
        (T.MessageActionSetMessagesTTL(60), {"kind": "set_messages_ttl", "period": 60}),
        (T.MessageActionGeoProximityReached(USER, CHANNEL, 5),
         {"kind": "geo_proximity_reached", "from_id": 7, "to_id": ROOM, "distance": 5}),
    ],
)  # fmt: skip
def test_service_messages(action: Any, facts: dict[str, Any]) -> None:
    found = service(action)
    assert {key: value for key, value in found.items() if value is not False} == facts
    json.dumps(found)


def test_payments_keep_their_secrets() -> None:
    charge = T.PaymentCharge("id", "provider")
    found = service(T.MessageActionPaymentSentMe("EUR", 5, b"payload", charge, info=T.PaymentRequestedInfo(name="N")))
    assert found.keys() <= {"kind", "currency", "total_amount", "recurring_init", "recurring_used"}


def test_every_action_of_the_layer_converts() -> None:
    """With nothing but its required arguments, each None: no shape of an action may stop the rest."""
    kinds = [kind for name, kind in vars(T).items() if name.startswith("MessageAction") and inspect.isclass(kind)]
    assert len(kinds) > 50
    for kind in kinds:
        parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
        plain = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        found = service(kind(*[None] * len([p for p in plain if p.default is p.empty])))
        json.dumps(found)
        assert found["kind"]


STRIPPED = T.PhotoStrippedSize("i", b"\x01\x02")
SIZES = [STRIPPED, T.PhotoSize("m", 320, 200, 1000), T.PhotoSizeProgressive("y", 1280, 800, [10, 90_000])]


def document(*attributes: Any, mime: str = "application/pdf") -> T.MessageMediaDocument:
    made = T.Document(1, 2, b"", NOW, mime, 1234, 2, list(attributes), thumbs=[STRIPPED])
    return T.MessageMediaDocument(document=made)


@pytest.mark.parametrize(
    ("found", "facts"),
    [
        (
            T.MessageMediaPhoto(photo=T.Photo(1, 2, b"", NOW, SIZES, 2), ttl_seconds=5, spoiler=True),
            {"kind": "photo", "width": 1280, "height": 800, "size": 90_000, "ttl_seconds": 5,
             "spoiler": True},
        ),
        (T.MessageMediaPhoto(ttl_seconds=5), {"kind": "photo", "expired": True, "ttl_seconds": 5}),
        (document(T.DocumentAttributeFilename("a\0.pdf")), {"kind": "document", "file_name": "a.pdf"}),
        (document(T.DocumentAttributeAudio(3, voice=True, waveform=b"ab")),
         {"kind": "voice", "duration": 3, "waveform": "YWI="}),
        (document(T.DocumentAttributeAudio(3, title="T", performer="P")),
         {"kind": "audio", "duration": 3, "title": "T", "performer": "P"}),
        (document(T.DocumentAttributeVideo(3.5, 10, 20)), {"kind": "video", "width": 10, "height": 20}),
        (document(T.DocumentAttributeVideo(3, 10, 10, round_message=True)), {"kind": "video_note"}),
        (document(T.DocumentAttributeVideo(3, 10, 10), T.DocumentAttributeAnimated()), {"kind": "gif"}),
        (document(T.DocumentAttributeImageSize(5, 6), T.DocumentAttributeSticker("🙂", T.InputStickerSetEmpty())),
         {"kind": "sticker", "emoji": "🙂", "width": 5}),
        (T.MessageMediaDocument(voice=True, ttl_seconds=9), {"kind": "voice", "expired": True, "ttl_seconds": 9}),
        (T.MessageMediaWebPage(T.WebPage(1, "https://e.org", "e.org", 0, title="T")),
         {"kind": "web_page", "url": "https://e.org", "title": "T"}),
        (T.MessageMediaWebPage(T.WebPageEmpty(1)), {"kind": "web_page"}),
        (T.MessageMediaContact("49", "A", "B", "", 7),
         {"kind": "contact", "first_name": "A", "last_name": "B", "phone_number": "49", "user_id": 7}),
        (T.MessageMediaGeo(T.GeoPoint(1.5, 2.5, 0)), {"kind": "location", "latitude": 2.5, "longitude": 1.5}),
        (T.MessageMediaGeo(T.GeoPointEmpty()), {"kind": "location"}),
        (T.MessageMediaDice(6, "🎲"), {"kind": "dice", "emoji": "🎲", "value": 6}),
        (T.MessageMediaStory(CHANNEL, 4), {"kind": "story", "peer_id": ROOM, "story_id": 4}),
        (T.MessageMediaUnsupported(), {"kind": "unsupported"}),
        (T.MessageMediaPoll(
            T.Poll(1, T.TextWithEntities("Q?", []), [T.PollAnswer(T.TextWithEntities("A", []), b"0")], 0, quiz=True),
            T.PollResults(total_voters=3)),
         {"kind": "poll", "question": "Q?", "answers": ["A"], "quiz": True, "total_voters": 3}),
    ],
)  # fmt: skip
def test_media(found: Any, facts: dict[str, Any]) -> None:
    made = media(found)
    assert made is not None
    assert facts.items() <= made.items()
    json.dumps(made)


def test_no_media() -> None:
    assert media(None) is None
    assert media(T.MessageMediaEmpty()) is None
