"""Users, groups and channels, in all the forms in which Telegram sends them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core.bounds import FIRST, INT, LONG, Unfit, fit
from tgadmin.core.types import CHANNEL_MARK, FOR_EVER, Peer, PeerKind, is_channel

_LAST_BAN = datetime.fromtimestamp(INT, UTC)


def of_user(number: int) -> int:
    """The marked id of a user. Raises Unfit for a number that no user has; TypeError for none."""
    if not 0 < number <= LONG:
        raise Unfit("a user's id")
    return number


def of_group(number: int) -> int:
    """The same for a basic group: beyond this range its marked id would be another's."""
    if not 0 < number <= -CHANNEL_MARK:
        raise Unfit("a group's id")
    return -number


def of_channel(number: int) -> int:
    """The same for a channel or supergroup."""
    if not 0 < number <= LONG + CHANNEL_MARK:
        raise Unfit("a channel's id")
    return CHANNEL_MARK - number


def marked(peer: Any) -> int:
    """The marked id of a Peer, InputPeer, user or chat object. Raises TypeError for what names no peer, Unfit for what
    names one that cannot be."""
    kind = peer.__class__
    if kind is T.PeerUser:
        return of_user(peer.user_id)
    if kind is T.PeerChannel:
        return of_channel(peer.channel_id)
    if (channel_id := getattr(peer, "channel_id", None)) is not None:
        return of_channel(channel_id)
    if (chat_id := getattr(peer, "chat_id", None)) is not None:
        return of_group(chat_id)
    if (user_id := getattr(peer, "user_id", None)) is not None:
        return of_user(user_id)
    raise TypeError(f"{type(peer).__name__} names no peer")


def marked_or_none(peer: Any) -> int | None:
    """None for none, and for what names no peer."""
    if peer is None:
        return None
    try:
        return marked(peer)
    except (Unfit, TypeError):
        return None


def unmarked(peer_id: int) -> int:
    """The bare id of a marked one."""
    if is_channel(peer_id):
        return CHANNEL_MARK - peer_id
    return abs(peer_id)


def peers(users: Iterable[Any], chats: Iterable[Any]) -> tuple[Peer, ...]:
    """All that can be understood, each once; a full one wins over a partial one."""
    found: dict[int, Peer] = {}
    for convert, entities in ((peer_of_user, users), (peer_of_chat, chats)):
        for entity in entities:
            peer = _once(entity, convert)
            if peer is not None and (peer.id not in found or found[peer.id].partial):
                found[peer.id] = peer
    return tuple(found.values())


def _once(entity: Any, convert: Callable[[Any], Peer | None]) -> Peer | None:
    """Kept on the object: who comes again unchanged comes as the same object (_telethon/packets.py)."""
    facts = vars(entity)
    if "_peer" not in facts:
        facts["_peer"] = convert(entity)
    peer: Peer | None = facts["_peer"]
    return peer


def default_peer(peer_id: int, *, post: bool = False) -> Peer:
    """What is known of a peer that came without its object: its kind as far as its id tells it."""
    if peer_id > 0:
        kind = PeerKind.USER
    elif not is_channel(peer_id):
        kind = PeerKind.GROUP
    else:
        kind = PeerKind.CHANNEL if post else PeerKind.SUPERGROUP
    return Peer(peer_id, kind, "", partial=True)


def peer_of_user(user: Any) -> Peer | None:
    """None for what is no user, or one that cannot be."""
    return _sound(_user, user)


def peer_of_chat(chat: Any) -> Peer | None:
    """None for what is no group or channel, or one that cannot be."""
    convert = _CHATS.get(type(chat))
    return None if convert is None else _sound(convert, chat)


def _sound(convert: Callable[[Any], Peer | None], entity: Any) -> Peer | None:
    try:
        found = convert(entity)
        return None if found is None else fit(found)
    except Exception:  # noqa: BLE001 - one of a shape that nobody foresaw must not stop the rest
        return None


def _user(user: Any) -> Peer | None:
    if isinstance(user, T.UserEmpty):
        return Peer(of_user(user.id), PeerKind.USER, "", partial=True)
    if not isinstance(user, T.User):
        return None
    online, at, until = presence(user.status)
    name = " ".join(filter(None, (user.first_name, user.last_name)))
    return Peer(
        id=of_user(user.id),
        kind=PeerKind.BOT if user.bot else PeerKind.USER,
        name=name or user.username or ("Deleted Account" if user.deleted else ""),
        access_hash=None if user.min else user.access_hash,
        username=_username(user),
        phone=user.phone or "",
        is_self=bool(user.is_self),
        is_contact=bool(user.contact),
        is_deleted=bool(user.deleted),
        partial=bool(user.min),
        can_send=not user.deleted,
        last_seen_at=at,
        is_online=online,
        online_until=until,
    )


def presence(status: Any) -> tuple[bool, datetime | None, datetime | None]:
    """(is online, last seen, online until). Telegram tells no time of those who hide it, nor when somebody who is
    online was last seen; who is online is so until a time, after which no update comes
    (https://core.telegram.org/constructor/userStatusOnline)."""
    if isinstance(status, T.UserStatusOnline):
        return True, None, status.expires
    return False, status.was_online if isinstance(status, T.UserStatusOffline) else None, None


def _group(chat: Any) -> Peer:
    gone = bool(chat.left or chat.deactivated or chat.migrated_to)
    rules = bool(chat.creator or chat.admin_rights is not None)
    open_to_all = not silenced(chat.default_banned_rights)
    return Peer(
        id=of_group(chat.id),
        kind=PeerKind.GROUP,
        name=chat.title or "",
        left=gone,
        can_send=not gone and (rules or open_to_all),
        members_count=chat.participants_count,
        is_admin=rules,
        members_may_write=open_to_all,
        migrated_to=marked_or_none(chat.migrated_to),
    )


def _channel(channel: Any) -> Peer:
    return Peer(
        id=of_channel(channel.id),
        kind=PeerKind.CHANNEL if channel.broadcast else PeerKind.SUPERGROUP,
        name=channel.title or "",
        access_hash=None if channel.min else channel.access_hash,
        username=_username(channel),
        partial=bool(channel.min),
        left=bool(channel.left),
        can_send=_can_send(channel),
        members_count=channel.participants_count,
        slow_mode=bool(channel.slowmode_enabled),
        is_admin=bool(channel.creator or channel.admin_rights is not None),
        members_may_write=not silenced(channel.default_banned_rights),
        restricted_until=_restricted_until(channel.banned_rights),
    )


def _can_send(channel: Any) -> bool:
    """As the object says it, which Telegram made a moment ago."""
    if channel.left:
        return False
    if channel.creator:
        return True
    if channel.broadcast:
        return bool(channel.admin_rights and channel.admin_rights.post_messages)
    if channel.admin_rights is not None:
        return True
    return not (silenced(channel.banned_rights) or silenced(channel.default_banned_rights))


def _restricted_until(rights: Any) -> datetime | None:
    """When the account may write again; None if nothing forbids it. 0, and times beyond 32 bits' positive half, mean
    for ever (https://core.telegram.org/constructor/chatBannedRights)."""
    if not silenced(rights):
        return None
    until: datetime | None = rights.until_date
    return until if until is not None and FIRST < until < _LAST_BAN else FOR_EVER


def silenced(rights: Any) -> bool:
    return bool(rights and (rights.send_messages or rights.send_plain or rights.view_messages))


def _username(entity: Any) -> str:
    active = [each.username for each in entity.usernames or () if each.active]
    return str(entity.username or next(iter(active), ""))


def _group_forbidden(chat: Any) -> Peer:
    return Peer(of_group(chat.id), PeerKind.GROUP, chat.title or "", left=True, can_send=False)


def _channel_forbidden(channel: Any) -> Peer:
    return Peer(
        id=of_channel(channel.id),
        kind=PeerKind.CHANNEL if channel.broadcast else PeerKind.SUPERGROUP,
        name=channel.title or "",
        access_hash=channel.access_hash,
        left=True,
        can_send=False,
    )


def _group_empty(chat: Any) -> Peer:
    return Peer(of_group(chat.id), PeerKind.GROUP, "", partial=True, left=True, can_send=False)


_CHATS = {
    T.Chat: _group,
    T.ChatForbidden: _group_forbidden,
    T.ChatEmpty: _group_empty,
    T.Channel: _channel,
    T.ChannelForbidden: _channel_forbidden,
}
