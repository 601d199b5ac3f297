"""Our reading of packets beside Telethon's own: the same objects, the same refusals."""

import os
import struct
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon import types as T  # noqa: N812
from telethon.crypto import AuthKey
from telethon.errors import InvalidBufferError, TypeNotFoundError
from telethon.errors.common import SecurityError
from telethon.extensions import BinaryReader
from telethon.network.mtprotostate import MTProtoState
from telethon.tl import TLObject

from sandbox.protocol.cipher import encrypt
from tgadmin.telegram._telethon import QuietLogs, packets
from tgadmin.telegram._telethon.packets import Reader, State
from tgadmin.telegram.convert import message, peers

pytestmark = pytest.mark.pure

KEY = AuthKey(bytes(range(256)))
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SESSION = 77


def person(number: int, **facts: Any) -> Any:
    return T.User(number, access_hash=number * 7919, first_name=f"Friend {number}", phone="4915", **facts)


def container(*updates: Any, users: tuple[Any, ...] = (), chats: tuple[Any, ...] = ()) -> Any:
    return T.Updates(list(updates), list(users), list(chats), NOW, 0)


def new(found: Any) -> Any:
    return T.UpdateNewMessage(found, 12, 1)


TEXT = T.Message(
    5,
    T.PeerUser(7),
    NOW,
    "bold 🙂 " + "long " * 70,
    entities=[T.MessageEntityBold(0, 4), T.MessageEntityTextUrl(5, 2, "https://example.org")],
    reply_to=T.MessageReplyHeader(reply_to_msg_id=3),
    edit_date=NOW,
    fwd_from=T.MessageFwdHeader(NOW, from_id=T.PeerUser(8)),
)
PHOTO = T.Photo(1, 2, b"reference", NOW, [T.PhotoSize("m", 320, 200, 1000)], 2)
OBJECTS = [
    container(new(T.Message(1, T.PeerUser(7), NOW, "")), users=(person(7),)),
    container(new(TEXT), new(T.Message(6, T.PeerChat(8), NOW, "x", from_id=T.PeerUser(7))), users=(person(7),)),
    container(new(T.Message(1, T.PeerUser(7), NOW, "caption", media=T.MessageMediaPhoto(photo=PHOTO)))),
    container(new(T.MessageService(9, T.PeerChat(8), NOW, action=T.MessageActionChatAddUser([7, 8])))),
    container(T.UpdateDeleteMessages([1, 2, -3], 9, 3), T.UpdateUserStatus(7, T.UserStatusOnline(NOW))),
    container(
        T.UpdateReadHistoryInbox(T.PeerUser(7), 5, 0, 9, 0),
        users=(person(7, status=T.UserStatusOffline(NOW), username="friend"), person(8, min=True)),
        chats=(T.Channel(9, "Room", T.ChatPhotoEmpty(), NOW, access_hash=5, megagroup=True),),
    ),
    T.UpdateShort(T.UpdateUserTyping(7, T.SendMessageTypingAction()), NOW),
    T.UpdateShortMessage(5, 7, "short", 9, 1, NOW),
    T.UpdatesTooLong(),
    T.Pong(5, 6),
    T.BadServerSalt(5, 1, 48, 9),
    T.NewSessionCreated(5, 6, 7),
    T.MsgsAck([1, 2, 3]),
]


def packet(found: Any, *, msg_id: int | None = None, session: int = SESSION, key: AuthKey = KEY) -> bytes:
    body = found if isinstance(found, bytes) else bytes(found)
    number = (int(time.time()) << 32 | 1) if msg_id is None else msg_id
    return encrypt(key.key, struct.pack("<Q", key.key_id), 5, session, number, 3, body)


def states() -> tuple[State, MTProtoState]:
    ours, theirs = State(KEY, loggers=QuietLogs()), MTProtoState(KEY, loggers=QuietLogs())
    ours.on_unreadable = lambda number, data: None
    ours.id = theirs.id = SESSION
    return ours, theirs


def outcome(state: MTProtoState, found: bytes) -> Any:
    try:
        opened = state.decrypt_message_data(found)
    except (SecurityError, InvalidBufferError, TypeNotFoundError) as error:
        return type(error)
    return opened and (opened.msg_id, opened.seq_no, bytes(opened.obj), opened.obj.to_dict())


@pytest.mark.parametrize("found", OBJECTS, ids=lambda found: type(found).__name__)
def test_what_is_read_is_what_telethon_reads(found: Any) -> None:
    ours, theirs = states()
    sent = packet(found)
    for _ in range(2):  # the second time it is a repetition, for both
        assert outcome(ours, sent) == outcome(theirs, sent)
    again = packet(found, msg_id=int(time.time()) << 32 | 5)  # users come from memory now
    assert outcome(ours, again) == outcome(theirs, again) is not None


def refused() -> dict[str, bytes]:
    whole, late = packet(OBJECTS[0]), int(time.time())
    return {
        "an error number": (-404).to_bytes(4, "little", signed=True),
        "another key": packet(OBJECTS[0], key=AuthKey(bytes(255) + b"\1")),
        "changed on its way": whole[:40] + bytes((whole[40] ^ 1,)) + whole[41:],
        "another session": packet(OBJECTS[0], session=SESSION + 1),
        "an even number": packet(OBJECTS[0], msg_id=late << 32 | 2),
        "too old": packet(OBJECTS[0], msg_id=(late - 310) << 32 | 1),
        "too new": packet(OBJECTS[0], msg_id=(late + 40) << 32 | 1),
        "an unknown type": packet(struct.pack("<I", 0xDEADBEE1) + bytes(12)),
        "an unknown type inside": packet(bytes(container(new(TEXT))).replace(bytes(TEXT)[:4], b"\xde\xad\xbe\xef", 1)),
    }


@pytest.mark.parametrize("case", list(refused()))
def test_what_is_refused_is_what_telethon_refuses(case: str) -> None:
    ours, theirs = states()
    assert outcome(ours, refused()[case]) == outcome(theirs, refused()[case])
    assert not isinstance(outcome(ours, refused()[case]), tuple)
    ours, theirs = states()
    for state in (ours, theirs):  # after so many that had to be ignored the connection is of no use
        for _ in range(12):
            outcome(state, refused()["too old"])
    assert outcome(ours, refused()["too old"]) == outcome(theirs, refused()["too old"]) is SecurityError


def test_a_clock_that_is_wrong_at_first_is_put_right() -> None:
    ours, theirs = states()
    told = packet(T.BadMsgNotification(5, 1, 16), msg_id=(int(time.time()) + 500) << 32 | 1)
    assert outcome(ours, told) == outcome(theirs, told) is not None
    assert ours.time_offset == theirs.time_offset
    assert ours.time_offset > 490


def test_an_unreadable_packet_is_told_of_with_its_bytes() -> None:
    told: list[tuple[int, bytes]] = []
    ours, _ = states()
    ours.on_unreadable = lambda number, data: told.append((number, data))
    assert outcome(ours, refused()["an unknown type"]) is TypeNotFoundError
    assert [number for number, _ in told] == [0xDEADBEE1]
    assert told[0][1].startswith(struct.pack("<I", 0xDEADBEE1) + bytes(12))


_STRINGS = st.binary(max_size=300) | st.binary(min_size=250, max_size=260)


@settings(deadline=None)
@given(st.lists(_STRINGS), st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1))
def test_values_of_all_sizes(strings: list[bytes], small: int, large: int) -> None:
    data = b"".join(TLObject.serialize_bytes(one) for one in strings)
    data += struct.pack("<iqi", small, large, small)
    ours, theirs = Reader(data), BinaryReader(data)
    for one in strings:
        assert ours.tgread_bytes() == theirs.tgread_bytes() == one
        assert ours.position == theirs.position
    assert ours.read_int(signed=small < 0) == theirs.read_int(signed=small < 0)
    assert ours.read_long() == theirs.read_long()
    assert ours.tgread_date() == theirs.tgread_date()
    with pytest.raises(IndexError):
        ours.read_byte()


@pytest.mark.parametrize("cut", range(4, 60, 4))
def test_what_ends_too_early_is_an_error(cut: int) -> None:
    with pytest.raises((BufferError, struct.error, IndexError)):
        Reader(bytes(OBJECTS[1])[:cut]).tgread_object()


def read(found: Any) -> Any:
    return Reader(bytes(found) + os.urandom(16)).tgread_object()


def test_who_comes_again_unchanged_is_the_same_object() -> None:
    first, again = read(container(users=(person(70),))), read(container(T.UpdatePtsChanged(), users=(person(70),)))
    assert again.users[0] is first.users[0]
    assert peers(again.users, ()) == peers(first.users, ())
    renamed = read(container(users=(T.User(70, access_hash=70 * 7919, first_name="Renamed", phone="4915"),)))
    assert renamed.users[0].first_name == "Renamed"
    assert [peer.name for peer in peers(renamed.users, ())] == ["Renamed"]
    other = read(container(users=(T.User(70, access_hash=1, first_name="Friend 70", phone="4915"),)))
    assert other.users[0].access_hash == 1  # the same person as another account sees it
    assert read(container(users=(person(70),))).users[0].first_name == "Friend 70"


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "_known", {})
    monkeypatch.setattr(packets, "KEPT_ENTITIES", 10)
    for number in range(100, 130):
        read(container(users=(person(number),)))
    assert len(packets._known) == 10
    kept = read(container(users=(person(129), person(100)))).users
    assert [user.id for user in kept] == [129, 100]


def test_a_message_has_what_conversion_asks_of_it() -> None:
    ours = read(TEXT)
    assert type(ours) is packets.Message
    assert isinstance(ours, T.Message)
    assert message(ours, 1) == message(TEXT, 1)
    assert bytes(ours) == bytes(TEXT)
