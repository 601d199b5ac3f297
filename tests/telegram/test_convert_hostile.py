"""Objects of a broken or hostile Telegram, by hand: each keeps its message, or is set aside with its bytes; quickly."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from telethon import types as T  # noqa: N812

from tgadmin.core.bounds import EXACT, INT, fit
from tgadmin.core.errors import LONGEST_WAIT, TelegramError
from tgadmin.core.types import CHANNEL_MARK, MAX_SPANS, MAX_TEXT, Entity, History, Message, NewMessage, Unreadable
from tgadmin.telegram._telethon import ACCOUNT, RawUpdates, TooLong
from tgadmin.telegram.convert import (
    changes,
    code_sent,
    converted,
    devices,
    dialogs_page,
    history_page,
    message,
    peers,
    profile,
)

pytestmark = pytest.mark.pure

ME = 10
NOW = datetime(2026, 11, 26, tzinfo=UTC)
ANNA = T.PeerUser(11)
NAN, INF = math.nan, math.inf


def a_message(**facts: Any) -> T.Message:
    return T.Message(**({"id": 3, "peer_id": ANNA, "date": NOW, "message": "hello"} | facts))


def video(duration: Any, **facts: Any) -> T.MessageMediaDocument:
    attribute = T.DocumentAttributeVideo(duration, facts.get("w", 10), facts.get("h", 10))
    return T.MessageMediaDocument(
        document=T.Document(1, 2, b"", NOW, "video/mp4", facts.get("size", 5), 2, [attribute])
    )


def reply(number: int) -> T.MessageReplyHeader:
    return T.MessageReplyHeader(reply_to_msg_id=number)


def forwarded(peer: Any, **facts: Any) -> T.MessageFwdHeader:
    return T.MessageFwdHeader(facts.pop("date", NOW), from_id=peer, **facts)


def poll(question: str, answers: int = 0) -> T.MessageMediaPoll:
    made = [T.PollAnswer(T.TextWithEntities("a\0" * 50, []), b"0") for _ in range(answers)]
    return T.MessageMediaPoll(T.Poll(1, T.TextWithEntities(question, []), made, 0), T.PollResults(total_voters=-1))


def at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


Kept = Callable[[Message], Any]
MENDED: dict[str, tuple[dict[str, Any], Kept, Any]] = {
    "duration NaN": ({"media": video(NAN)}, lambda m: "duration" in (m.media or {}), False),
    "duration infinite": ({"media": video(INF)}, lambda m: "duration" in (m.media or {}), False),
    "duration below nought": ({"media": video(-1.0)}, lambda m: "duration" in (m.media or {}), False),
    "size beyond what is exact": ({"media": video(1, size=2**62)}, lambda m: "size" in (m.media or {}), False),
    "width below nought": ({"media": video(1, w=-5)}, lambda m: (m.media or {}).get("height"), 10),
    "point NaN": ({"media": T.MessageMediaGeo(T.GeoPoint(NAN, 1.0, 5))}, lambda m: m.media,
                  {"kind": "location", "latitude": 1.0}),
    "point 1e308": ({"media": T.MessageMediaGeo(T.GeoPoint(1e308, 1.0, 5))}, lambda m: m.media,
                    {"kind": "location", "latitude": 1.0}),
    "forward from a channel beyond bigint": ({"fwd_from": forwarded(T.PeerChannel(2**63 - 1))},
                                             lambda m: (m.forward or {}).get("from_id", "none"), "none"),
    "forward from a user below nought": ({"fwd_from": forwarded(T.PeerUser(-(2**63)), from_name="N")},
                                         lambda m: (m.forward or {})["from_name"], "N"),
    "forward of post -1": ({"fwd_from": forwarded(None, channel_post=-1)},
                           lambda m: "post_id" in (m.forward or {}), False),
    "date 1901": ({"date": at(-(2**31))}, lambda m: m.date, at(0)),
    "date 2038": ({"date": at(2**31 - 1)}, lambda m: m.date, at(2**31 - 1)),
    "date beyond Telegram's": ({"date": datetime.max.replace(tzinfo=UTC)}, lambda m: m.date.year, 2106),
    "date without a zone": ({"date": NOW.replace(tzinfo=None)}, lambda m: m.date, NOW),
    "reply to -2^31": ({"reply_to": reply(-(2**31))}, lambda m: m.reply_to_id, None),
    "reply elsewhere, to nobody": (
        {"reply_to": T.MessageReplyHeader(reply_to_msg_id=3, reply_to_peer_id=T.PeerUser(-1))},
        lambda m: m.reply_to_id, None,
    ),
    "sender below nought": ({"from_id": T.PeerUser(-3)}, lambda m: m.sender_id, None),
    "sender beyond bigint": ({"from_id": T.PeerChannel(2**63 - 1)}, lambda m: m.sender_id, None),
    "ttl below nought": ({"ttl_period": -5}, lambda m: m.ttl_period, None),
    "1 MB text": ({"message": "x" * 1_000_000}, lambda m: len(m.text), MAX_TEXT),
    "a literal escape": ({"message": "a \\u0000 b"}, lambda m: m.text, "a \\u0000 b"),
    "a literal escape in a poll": ({"media": poll("\\u0000?")}, lambda m: (m.media or {})["question"], "\\u0000?"),
    "NUL in a poll": ({"media": poll("what\0 is?")}, lambda m: (m.media or {})["question"], "what is?"),
    "a surrogate in a poll": ({"media": poll("a\ud800")}, lambda m: (m.media or {})["question"], "a\ufffd"),
    "10,000 answers": ({"media": poll("?", 10_000)}, lambda m: len((m.media or {})["answers"]) <= 1000, True),
    "entities from -2^31": ({"entities": [T.MessageEntityBold(-(2**31), 2**31 - 1), T.MessageEntityCode(0, 5)]},
                            lambda m: m.entities, (Entity("code", 0, 5),)),
    "an entity of length nought": ({"entities": [T.MessageEntityBold(0, 0)]}, lambda m: m.entities, ()),
    "an address of 60 KB": ({"entities": [T.MessageEntityTextUrl(0, 5, "u" * 60_000)]}, lambda m: len(m.entities), 0),
    "a web page of 60 KB": ({"media": T.MessageMediaWebPage(T.WebPage(1, "u" * 60_000, "d", 1))},
                            lambda m: "url" in (m.media or {}), False),
    "media of no shape": ({"media": T.MessageMediaPoll(None, None)}, lambda m: m.media, {"kind": "poll"}),
    "entities of no shape": ({"entities": [5]}, lambda m: (m.text, m.entities), ("hello", ())),
    "a forward of no shape": ({"fwd_from": 5}, lambda m: m.forward, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", MENDED)
def test_an_absurd_value_does_not_cost_the_message(name: str) -> None:
    facts, look, expected = MENDED[name]
    made, known = converted(RawUpdates([T.UpdateNewMessage(a_message(**facts), 1, 1)]), ME)
    (change,) = made
    assert isinstance(change, NewMessage)
    assert look(change.message) == expected
    assert fit(change) is change
    assert all(fit(peer) is peer for peer in known)
    json.dumps([change.message.media, change.message.service, change.message.forward], allow_nan=False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": 0}, {"id": -5}, {"id": 2**31}, {"peer_id": T.PeerUser(0)}, {"peer_id": T.PeerUser(-5)},
        {"peer_id": T.PeerChat(-5)}, {"peer_id": T.PeerChat(10**12 + 1)}, {"peer_id": T.PeerChannel(2**63 - 1)},
        {"peer_id": T.PeerChannel(-(2**63))}, {"peer_id": None}, {"date": None},
    ],
)  # fmt: skip
def test_what_can_be_no_row_is_set_aside_with_its_bytes(wrong: dict[str, Any]) -> None:
    update = T.UpdateNewMessage(a_message(message="private words", **wrong), 1, 1)
    (aside,) = changes(update, ME)
    assert isinstance(aside, Unreadable)
    assert "private" not in aside.kind + aside.reason
    try:
        assert aside.data == bytes(update)
    except Exception:  # noqa: BLE001 - None and 2**31 cannot be written as TL: there are no bytes
        assert aside.data == b""


def test_people_and_rooms_that_cannot_be_do_not_cost_the_others() -> None:
    users = [
        T.User(0, first_name="Z"),
        T.User(-1),
        T.User(2**63),
        T.User(11, first_name="A\0" * 400),
        T.UserEmpty(0),
        5,
    ]
    rooms = [T.Chat(77, "G", T.ChatPhotoEmpty(), -5, NOW, 1), T.Channel(2**63 - 1, "C", T.ChatPhotoEmpty(), NOW)]
    found = {peer.id: peer for peer in peers([one for one in users if one != 5], rooms)}
    assert set(found) == {11, -77}
    assert (found[11].name, found[-77].members_count) == ("A" * 255, None)


def test_one_message_does_not_cost_a_page_of_history_or_the_dialogs() -> None:
    wrong, right = a_message(id=-1), a_message(id=9)
    page = history_page(T.messages.Messages([wrong, right, T.MessageEmpty(4, None)], [], [], []), 11, 0, ME)
    assert [type(each) for each in page.changes] == [History, Unreadable]
    assert [each.id for each in page.changes[0].messages] == [9]  # type: ignore[union-attr]
    settings = T.PeerNotifySettings(mute_until=at(-(2**31)))
    rows = [
        T.Dialog(T.PeerUser(number), 9, -5, 2**31 - 1, -7, 0, 0, 0, settings, pts=-(2**31)) for number in (11, 0, -4)
    ]
    answer = T.messages.Dialogs(rows, [right, wrong], [], [])
    kinds = [type(each).__name__ for each in dialogs_page(answer, ME).changes]
    assert kinds == ["Dialog", "History", "Unreadable", "Unreadable"]
    gap = TooLong(ACCOUNT, -(2**40), 2**40, rows[0], [right, wrong])
    assert [type(each).__name__ for each in changes(gap, ME)] == ["Gap", "Dialog", "History", "Unreadable"]


def test_devices_of_any_values() -> None:
    wild = T.Authorization(-(2**63), "m\0" * 500, "p", "s" * 500, 2**31 - 1, "a", "v", at(-(2**31)), at(2**31 - 1),
                           "ip", "c\ud800", "r")  # fmt: skip
    found = devices(T.account.Authorizations(-5, [wild]))
    assert fit(found) is found
    (one,) = found.devices
    assert (found.ttl_days, one.device_model, one.country, one.signed_in_at) == (0, "m" * 128, "c\ufffd", at(0))


def test_a_sign_in_is_told_values_that_its_columns_hold() -> None:
    def sent(**facts: Any) -> T.auth.SentCode:
        kind = T.auth.SentCodeTypeApp(facts.pop("length", 5))
        return T.auth.SentCode(**({"type": kind, "phone_code_hash": "h"} | facts))

    wild = code_sent(sent(length=2**31 - 1, timeout=-(2**31)))
    assert (wild.via, wild.length, wild.resend_after) == ("app", 32, 0)
    assert code_sent(sent(length=-5, timeout=2**31 - 1)).resend_after == LONGEST_WAIT
    for answer in (sent(phone_code_hash="h" * 5000), sent(phone_code_hash=None)):
        with pytest.raises(TelegramError) as caught:
            code_sent(answer)
        assert caught.value.code == "UNREADABLE_ANSWER"
    found = profile(T.User(11, first_name="A\0" * 500, phone="4" * 90, username="\ud800", access_hash=-(2**63)))
    assert (found.name, found.phone, found.username) == ("A" * 255, "4" * 20, "\ufffd")
    with pytest.raises(TelegramError):
        profile(T.User(0, first_name="A"))


# --- how long it takes ------------------------------------------------------------------------------------------------

BIG: dict[str, Callable[[int], T.Message]] = {
    "entities": lambda n: a_message(message="y" * 4096, entities=[T.MessageEntityBold(i % 4096, 1) for i in range(n)]),
    "nested entities": lambda n: a_message(
        message="y" * 2 * n, entities=[T.MessageEntityBold(i, 2 * (n - i)) for i in range(n)]
    ),
    "wrong entities": lambda n: a_message(entities=[T.MessageEntityBold(-1, -1) for _ in range(n)]),
    "NULs and entities": lambda n: a_message(message="\0" * n, entities=[T.MessageEntityBold(i, 1) for i in range(n)]),
    "NULs between emoji": lambda n: a_message(
        message="\0\U0001f600" * n, entities=[T.MessageEntityBold(3 * i, 5) for i in range(n)]
    ),
    "text": lambda n: a_message(message="привет 😀" * (n * 10)),
    "surrogates": lambda n: a_message(message="\ud800a" * (n * 10)),
    "attributes": lambda n: a_message(
        media=T.MessageMediaDocument(
            document=T.Document(1, 2, b"", NOW, "v", 5, 2, [T.DocumentAttributeFilename("f" * 50) for _ in range(n)])
        )
    ),
    "users in an action": lambda n: T.MessageService(
        id=3, peer_id=ANNA, date=NOW, action=T.MessageActionChatAddUser(list(range(n)))
    ),
}


def best(work: Callable[[], Any], runs: int = 3) -> float:
    """Seconds of processor time, of the best of some runs."""
    took = []
    for _ in range(runs):
        began = time.thread_time()
        work()
        took.append(time.thread_time() - began)
    return min(took)


@pytest.mark.parametrize("name", BIG)
def test_four_times_as_much_takes_four_times_as_long(name: str) -> None:
    """At most about that: what is quadratic takes sixteen times as long."""
    small, large = BIG[name](2500), BIG[name](10_000)
    assert best(lambda: message(large, ME)) < 9 * max(best(lambda: message(small, ME)), 0.0005)


@pytest.mark.alone
@pytest.mark.parametrize("name", BIG)
def test_nothing_holds_the_loop_for_twenty_milliseconds(name: str) -> None:
    update = T.UpdateNewMessage(BIG[name](10_000), 1, 1)
    assert best(lambda: converted(RawUpdates([update]), ME), runs=10) < 0.020


def test_spans_move_with_the_text_when_nuls_go() -> None:
    """Against the plain way: unit by unit."""
    text = "a\0\0b😀\0c\0" * 9
    spans = [T.MessageEntityBold(offset, length) for offset in range(0, 50, 3) for length in (1, 2, 5, 30)]
    found = message(a_message(message=text, entities=spans), ME)
    assert found is not None
    units = text.encode("utf-16-le")
    plain = [units[2 * each : 2 * each + 2] for each in range(len(units) // 2)]
    expected = []
    for span in spans:
        start = sum(unit != b"\0\0" for unit in plain[: span.offset])
        length = sum(unit != b"\0\0" for unit in plain[span.offset : span.offset + span.length])
        if length:
            expected.append((start, length))
    assert [(each.offset, each.length) for each in found.entities] == expected
    assert found.text == text.replace("\0", "")


def test_bounds_of_what_is_kept() -> None:
    found = message(BIG["entities"](10_000), ME)
    assert found is not None
    assert len(found.entities) == MAX_SPANS
    assert [each.offset for each in found.entities] == list(range(MAX_SPANS))
    assert (INT, EXACT, CHANNEL_MARK) == (2**31 - 1, 2**53 - 1, -(10**12))
