"""Telegram's objects as core types, kind by kind. Pure: objects are made here, as the wire would make them."""

from typing import Any

import pytest
from telethon import types as T  # noqa: N812

from tests.telegram.objects import CHANNEL, GROUP, ME, NOW, ROOM, USER, converted, text
from tgadmin.core import types as core
from tgadmin.core.types import PeerKind
from tgadmin.telegram._telethon import ACCOUNT, RawUpdates, Recovered, Removed, TooLong, UnreadablePacket
from tgadmin.telegram.convert import changes, clean, incoming, message, peer_of_chat, peer_of_user, peers
from tgadmin.telegram.convert.dialogs import NEVER, dialog
from tgadmin.telegram.convert.updates import _KINDS

pytestmark = pytest.mark.pure


# --- peers -----------------------------------------------------------------------------------------------------------


def test_a_user() -> None:
    user = T.User(7, contact=True, access_hash=9, first_name="Ada", last_name="L", username="ada", phone="49",
                  status=T.UserStatusOffline(NOW))  # fmt: skip
    assert peer_of_user(user) == core.Peer(
        7, PeerKind.USER, "Ada L", 9, "ada", "49", is_contact=True, last_seen_at=NOW, is_online=False
    )


def test_bots_deleted_empty_and_min_users() -> None:
    bot = peer_of_user(T.User(7, bot=True, first_name="B", access_hash=1))
    deleted = peer_of_user(T.User(7, deleted=True, access_hash=1))
    least = peer_of_user(T.User(7, min=True, first_name="M", access_hash=1, status=T.UserStatusOnline(NOW)))
    assert bot is not None
    assert deleted is not None
    assert least is not None
    assert bot.kind is PeerKind.BOT
    assert (deleted.name, deleted.is_deleted, deleted.can_send) == ("Deleted Account", True, False)
    assert (least.partial, least.access_hash, least.is_online) == (True, None, True)
    assert peer_of_user(T.UserEmpty(7)) == core.Peer(7, PeerKind.USER, "", partial=True)


def test_a_username_may_be_one_of_several() -> None:
    names = [T.Username("old", active=False), T.Username("new", active=True)]
    user = peer_of_user(T.User(7, first_name="A", usernames=names))
    assert user is not None
    assert user.username == "new"


RIGHTS = T.ChatBannedRights(NOW, send_messages=True)
ADMIN = T.ChatAdminRights(post_messages=True)


def group(**options: Any) -> T.Chat:
    return T.Chat(8, "Group", T.ChatPhotoEmpty(), 3, NOW, 1, **options)


def channel(**options: Any) -> T.Channel:
    return T.Channel(7, "Room", T.ChatPhotoEmpty(), NOW, access_hash=9, **options)


@pytest.mark.parametrize(
    ("chat", "kind", "left", "can_send"),
    [
        (group(), PeerKind.GROUP, False, True),
        (group(left=True), PeerKind.GROUP, True, False),
        (group(deactivated=True), PeerKind.GROUP, True, False),
        (group(migrated_to=T.InputChannel(1, 2)), PeerKind.GROUP, True, False),
        (group(default_banned_rights=RIGHTS), PeerKind.GROUP, False, False),
        (group(default_banned_rights=RIGHTS, creator=True), PeerKind.GROUP, False, True),
        (T.ChatForbidden(8, "Group"), PeerKind.GROUP, True, False),
        (channel(megagroup=True), PeerKind.SUPERGROUP, False, True),
        (channel(megagroup=True, banned_rights=RIGHTS), PeerKind.SUPERGROUP, False, False),
        (channel(megagroup=True, default_banned_rights=RIGHTS), PeerKind.SUPERGROUP, False, False),
        (channel(megagroup=True, default_banned_rights=RIGHTS, admin_rights=ADMIN), PeerKind.SUPERGROUP, False, True),
        (channel(megagroup=True, left=True), PeerKind.SUPERGROUP, True, False),
        (channel(broadcast=True), PeerKind.CHANNEL, False, False),
        (channel(broadcast=True, admin_rights=ADMIN), PeerKind.CHANNEL, False, True),
        (channel(broadcast=True, creator=True), PeerKind.CHANNEL, False, True),
        (T.ChannelForbidden(7, 9, "Room", broadcast=True), PeerKind.CHANNEL, True, False),
    ],
)
def test_groups_and_channels(chat: Any, kind: PeerKind, left: bool, can_send: bool) -> None:
    peer = peer_of_chat(chat)
    assert peer is not None
    assert (peer.kind, peer.left, peer.can_send, peer.partial) == (kind, left, can_send, False)
    assert peer.id == (-8 if kind is PeerKind.GROUP else ROOM)


def test_a_min_channel_has_no_usable_hash_and_yields_to_a_full_one() -> None:
    least = channel(megagroup=True, min=True)
    (peer,) = peers([], [least])
    assert (peer.partial, peer.access_hash) == (True, None)
    (peer,) = peers([], [least, channel(megagroup=True), least])
    assert (peer.partial, peer.access_hash) == (False, 9)


def test_a_user_and_a_channel_with_one_bare_id_are_two_peers() -> None:
    assert {peer.id for peer in peers([T.User(7, first_name="A")], [channel()])} == {7, ROOM}


def test_names_are_cut_and_cleaned() -> None:
    user = peer_of_user(T.User(7, first_name="a\0b" + "x" * 400))
    assert user is not None
    assert user.name.startswith("abx")
    assert len(user.name) == 255


# --- messages --------------------------------------------------------------------------------------------------------


def test_a_private_message_and_its_sender() -> None:
    assert converted(text()) == core.Message(7, 3, NOW, "hello", sender_id=7)
    assert converted(text(out=True)).sender_id == ME
    assert converted(text(GROUP, from_id=USER)).sender_id == 7
    assert converted(text(CHANNEL, post=True)).sender_id == ROOM
    assert converted(text(CHANNEL, from_id=CHANNEL)).sender_id == ROOM  # an anonymous administrator
    assert converted(text(CHANNEL)).peer_id == ROOM
    assert message(T.MessageEmpty(3, None), ME) is None


def test_flags() -> None:
    found = converted(
        text(silent=True, mentioned=True, noforwards=True, ttl_period=60, post_author="A\0nn", edit_date=NOW)
    )
    assert (found.silent, found.mentioned, found.no_forwards, found.ttl_period) == (True, True, True, 60)
    assert (found.post_author, found.edit_date) == ("Ann", NOW)
    assert converted(text(edit_date=NOW, edit_hide=True)).edit_date is None


@pytest.mark.parametrize(
    ("header", "reply_to"),
    [
        (T.MessageReplyHeader(reply_to_msg_id=2), 2),
        (T.MessageReplyHeader(reply_to_msg_id=2, reply_to_peer_id=USER), 2),
        (T.MessageReplyHeader(reply_to_msg_id=2, reply_to_peer_id=CHANNEL), None),
        (T.MessageReplyHeader(reply_to_msg_id=2, forum_topic=True), None),
        (T.MessageReplyHeader(reply_to_msg_id=2, forum_topic=True, reply_to_top_id=1), 2),
        (T.MessageReplyStoryHeader(USER, 4), None),
        (None, None),
    ],
)
def test_replies(header: Any, reply_to: int | None) -> None:
    assert converted(text(reply_to=header)).reply_to_id == reply_to


def test_forwards() -> None:
    header = T.MessageFwdHeader(NOW, from_id=CHANNEL, from_name="N\0ame", channel_post=4, post_author="A")
    assert converted(text(fwd_from=header)).forward == {
        "from_id": ROOM, "from_name": "Name", "date": NOW.isoformat(), "post_id": 4, "author": "A",
    }  # fmt: skip


def test_every_kind_of_entity_is_a_span() -> None:
    made = [
        T.MessageEntityBold(0, 1),
        T.MessageEntityTextUrl(1, 1, "https://example.org"),
        T.MessageEntityMentionName(2, 1, 2**40),
        T.MessageEntityPre(3, 1, "python"),
        T.MessageEntityCustomEmoji(4, 1, 2**60),
        T.MessageEntityBlockquote(5, 1, collapsed=True),
        T.MessageEntityBotCommand(6, 1),
    ]
    assert [(each.kind, each.offset, each.extra) for each in converted(text(entities=made)).entities] == [
        ("bold", 0, ""),
        ("text_url", 1, "https://example.org"),
        ("mention_name", 2, str(2**40)),
        ("pre", 3, "python"),
        ("custom_emoji", 4, str(2**60)),
        ("blockquote", 5, "collapsed"),
        ("bot_command", 6, ""),
    ]


def test_nul_is_stripped_and_spans_move_along() -> None:
    spans = [T.MessageEntityBold(0, 2), T.MessageEntityItalic(4, 3), T.MessageEntityCode(2, 1)]
    found = converted(text(message="😀\0b\0cd", entities=spans))
    assert found.text == "😀bcd"
    assert found.entities == (core.Entity("bold", 0, 2), core.Entity("italic", 3, 2))


def test_lone_surrogates_are_replaced() -> None:
    assert clean("a\ud800b") == "a\ufffdb"
    clean("\udfff\0").encode()


# --- updates ---------------------------------------------------------------------------------------------------------

SETTINGS = T.PeerNotifySettings


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (T.UpdateDeleteMessages([1, 2], 9, 2), [core.MessagesDeleted(0, (1, 2))]),
        (T.UpdateDeleteMessages([], 9, 0), []),
        (T.UpdateDeleteChannelMessages(7, [1], 9, 1), [core.MessagesDeleted(ROOM, (1,))]),
        (T.UpdateMessageID(3, 2**60), [core.MessageIdAssigned(2**60, 3)]),
        (T.UpdateReadHistoryInbox(USER, 3, 4, 9, 1), [core.ReadInbox(7, 3, 4)]),
        (T.UpdateReadHistoryInbox(USER, 3, 4, 9, 1, top_msg_id=1), []),
        (T.UpdateReadHistoryInbox(USER, 3, -1, 9, 1), [core.ReadInbox(7, 3, None)]),
        (T.UpdateReadChannelInbox(7, 3, 0, 9), [core.ReadInbox(ROOM, 3, 0)]),
        (T.UpdateReadHistoryOutbox(GROUP, 3, 9, 1), [core.ReadOutbox(-8, 3)]),
        (T.UpdateReadChannelOutbox(7, 3), [core.ReadOutbox(ROOM, 3)]),
        (T.UpdateUserTyping(7, T.SendMessageTypingAction()), [core.Typing(7, 7, "typing")]),
        (T.UpdateChatUserTyping(8, USER, T.SendMessageRecordAudioAction()), [core.Typing(-8, 7, "record_audio")]),
        (T.UpdateChannelUserTyping(7, USER, T.SendMessageCancelAction()), [core.Typing(ROOM, 7, "cancel")]),
        (T.UpdateUserStatus(7, T.UserStatusOnline(NOW)), [core.Presence(7, True, None, NOW)]),
        (T.UpdateUserStatus(7, T.UserStatusOffline(NOW)), [core.Presence(7, False, NOW)]),
        (T.UpdateUserStatus(7, T.UserStatusRecently()), [core.Presence(7, False, None)]),
        (T.UpdateNotifySettings(T.NotifyPeer(GROUP), SETTINGS(mute_until=NOW)), [core.ChatState(-8, muted_until=NOW)]),
        (T.UpdateNotifySettings(T.NotifyPeer(GROUP), SETTINGS()), [core.ChatState(-8, muted_until=NEVER)]),
        (T.UpdateNotifySettings(T.NotifyUsers(), SETTINGS()), []),
        (T.UpdateDialogPinned(T.DialogPeer(USER), pinned=True), [core.ChatState(7, pinned=True)]),
        (T.UpdateDialogPinned(T.DialogPeer(USER)), [core.ChatState(7, pinned=False)]),
        (T.UpdatePinnedDialogs(order=[T.DialogPeer(USER)]), [core.ChatState(7, pinned=True)]),
        (T.UpdateFolderPeers([T.FolderPeer(USER, 1), T.FolderPeer(GROUP, 0)], 9, 1),
         [core.ChatState(7, archived=True), core.ChatState(-8, archived=False)]),
        (T.UpdateChatParticipantDelete(8, ME, 1), [core.ChatState(-8, left=True)]),
        (T.UpdateChatParticipantDelete(8, 99, 1), []),
        (T.UpdateChatParticipantAdd(8, ME, 1, NOW, 1), [core.ChatState(-8, left=False)]),
        (T.UpdateChatParticipants(T.ChatParticipantsForbidden(8)), [core.ChatState(-8, left=True)]),
        (T.UpdateNewMessage(T.MessageEmpty(3, None), 1, 1), []),
        (T.UpdateConfig(), []),
        (TooLong(ACCOUNT, 1, 9), [core.Gap(0, 1, 9)]),
        (TooLong(7, 1, 9), [core.Gap(ROOM, 1, 9)]),
        (Recovered(7, 1, 9, 3), [core.Gap(ROOM, 1, 9, core.GapKind.DIFFERENCE, 3)]),
        (Removed(7, 9), [core.Gap(ROOM, 9, 9, core.GapKind.REMOVED, 0), core.ChatState(ROOM, left=True)]),
        (UnreadablePacket(0xAB), [core.Unreadable("000000ab", "unknown type")]),
    ],
)  # fmt: skip
def test_updates(update: Any, expected: list[core.Change]) -> None:
    assert changes(update, ME) == expected


def test_short_messages() -> None:
    private = T.UpdateShortMessage(3, 7, "hi", 9, 1, NOW, out=True, reply_to=T.MessageReplyHeader(reply_to_msg_id=2))
    assert changes(private, ME) == [
        core.NewMessage(core.Message(7, 3, NOW, "hi", sender_id=ME, out=True, reply_to_id=2))
    ]
    in_group = T.UpdateShortChatMessage(3, 7, 8, "hi", 9, 1, NOW)
    assert changes(in_group, ME) == [core.NewMessage(core.Message(-8, 3, NOW, "hi", sender_id=7))]


def test_a_short_sent_message_without_its_request_is_unreadable() -> None:
    (found,) = changes(T.UpdateShortSentMessage(3, 9, 1, NOW), ME)
    assert isinstance(found, core.Unreadable)


def test_what_cannot_be_converted_says_its_kind_and_nothing_else() -> None:
    broken = T.UpdateNewMessage(T.Message(id=3, peer_id=None, date=NOW, message="very private words"), 9, 1)
    fine = T.UpdateDeleteMessages([1], 9, 1)
    made = incoming(RawUpdates([broken, fine]), ME, None)
    assert made.changes == (core.Unreadable("UpdateNewMessage", "TypeError"), core.MessagesDeleted(0, (1,)))
    assert "private" not in repr(made)


def test_what_cannot_be_converted_keeps_its_bytes() -> None:
    short = T.UpdateShortSentMessage(3, 9, 1, NOW)
    (found,) = changes(short, ME)
    assert isinstance(found, core.Unreadable)
    assert found.data == bytes(short)


def test_every_update_that_is_converted_fails_softly() -> None:
    for kind in _KINDS:
        if kind.__module__.startswith("telethon"):
            found = changes(kind.__new__(kind), ME)
            assert all(isinstance(each, (core.Unreadable, core.ChatState)) for each in found), kind


def test_membership_is_read_from_the_chat_beside_the_update() -> None:
    made = incoming(RawUpdates([T.UpdateChannel(7)], [], [channel(left=True, megagroup=True)]), ME, None)
    assert made.changes == (core.ChatState(ROOM, left=True),)
    assert incoming(RawUpdates([T.UpdateChannel(7)]), ME, None).changes == ()


@pytest.mark.parametrize(
    ("peer", "post", "kind"),
    [(USER, False, PeerKind.USER), (GROUP, False, PeerKind.GROUP), (CHANNEL, False, PeerKind.SUPERGROUP),
     (CHANNEL, True, PeerKind.CHANNEL)],
)  # fmt: skip
def test_a_chat_that_came_without_its_object_has_a_kind(peer: Any, post: bool, kind: PeerKind) -> None:
    made = incoming(RawUpdates([T.UpdateNewMessage(text(peer, post=post), 9, 1)]), ME, None)
    (found,) = made.peers
    assert (found.kind, found.partial, found.access_hash) == (kind, True, None)


def test_dialogs() -> None:
    row = T.Dialog(CHANNEL, 3, 1, 2, 4, 0, 0, 0, SETTINGS(mute_until=NOW), pinned=True, pts=9, folder_id=1)
    assert dialog(row) == core.Dialog(ROOM, 3, 4, 1, 2, True, True, NOW, 9)
    row = T.Dialog(CHANNEL, 3, 1, 2, 4, 0, 0, 0, SETTINGS(mute_until=0), pts=9)
    assert dialog(row) == core.Dialog(ROOM, 3, 4, 1, 2, muted_until=None, pts=9)
    folder = T.DialogFolder(T.Folder(1, "Archive"), USER, 1, 0, 0, 0, 0)
    assert dialog(folder) is None
