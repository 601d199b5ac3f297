"""Basic groups, supergroups and channels: who is in them, who may do what, and how each account sees them.

Marked ids throughout: basic group 5 is -5, channel or supergroup 5 is -1000000000005. Times are unix seconds.
Rights are lists of the flag names of ChatAdminRights and ChatBannedRights (https://core.telegram.org/api/rights).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from telethon.tl import types

from sandbox.store import Store
from sandbox.world.ids import CHANNEL_BASE

Kind = Literal["group", "supergroup", "channel"]
FOREVER = 0x7FFFFFFF  # an until_date that never comes
FIRST_GROUP_ID = 4_000_000_000
FIRST_CHANNEL_ID = 2_100_000_000

ADMIN_RIGHTS = {
    "supergroup": [
        "change_info", "delete_messages", "ban_users", "invite_users", "pin_messages", "add_admins", "manage_call",
        "manage_topics", "other",
    ],
    "channel": [
        "change_info", "post_messages", "edit_messages", "delete_messages", "ban_users", "invite_users", "add_admins",
        "manage_call", "other",
    ],
    "group": ["change_info", "delete_messages", "ban_users", "invite_users", "pin_messages", "add_admins", "other"],
}  # fmt: skip


@dataclass
class Member:
    """One participant."""

    user_id: int
    inviter: int
    date: int
    admin_rights: list[str] = field(default_factory=list)
    rank: str = ""
    promoted_by: int = 0
    next_send: int = 0  # slow mode: when they may send again


@dataclass
class Ban:
    """What a participant, or somebody thrown out, may not do."""

    rights: list[str]  # "view_messages" among them: thrown out
    until: int
    by: int
    date: int

    @property
    def kicked(self) -> bool:
        return "view_messages" in self.rights


@dataclass
class Chat:
    """One basic group, supergroup or channel."""

    marked: int
    kind: Kind
    title: str
    creator: int
    date: int
    about: str = ""
    username: str = ""
    version: int = 1  # basic groups: of the participants' list
    slow_mode: int = 0  # seconds between two messages of one member
    forum: bool = False  # a supergroup with topics
    forum_tabs: bool = False  # shown as tabs
    migrated_to: int = 0  # a basic group that has become a supergroup: that one
    migrated_from: int = 0  # a supergroup that has been a basic group: that one
    migrated_at: dict[int, int] = field(default_factory=dict)  # by user: the group's last message in their box
    default_banned: list[str] = field(default_factory=list)
    reactions: list[str] | None = None  # with which members may react; None: any
    reactions_limit: int = 0  # different ones on a message; 0: as many as anywhere
    bans: dict[int, Ban] = field(default_factory=dict)
    former: dict[int, bool] = field(
        default_factory=dict
    )  # left of their own accord: True; taken out of a basic group: False
    members: dict[int, Member] = field(default_factory=dict)

    @property
    def bare_id(self) -> int:
        return -self.marked if self.kind == "group" else -self.marked - CHANNEL_BASE

    @property
    def is_group(self) -> bool:
        """A basic group, whose messages lie in its members' boxes."""
        return self.kind == "group"

    @property
    def deactivated(self) -> bool:
        """A basic group that is read only: it goes on as a supergroup."""
        return bool(self.migrated_to)

    def is_admin(self, user_id: int, right: str | None = None) -> bool:
        """Whether that user is creator or administrator, with that right if one is named."""
        if user_id == self.creator and user_id in self.members:
            return True
        member = self.members.get(user_id)
        return member is not None and bool(member.admin_rights) and (right is None or right in member.admin_rights)

    def ban_of(self, user_id: int, now: float) -> Ban | None:
        """The ban that holds for that user now."""
        ban = self.bans.get(user_id)
        return ban if ban and (ban.until in (0, FOREVER) or ban.until > now) else None

    def visible_to(self, user_id: int, now: float) -> bool:
        """Whether that user may read it: members, and for public ones everybody who is not thrown out."""
        ban = self.ban_of(user_id, now)
        if ban and ban.kicked:
            return False
        return user_id in self.members or bool(self.username)


class Chats:
    """All groups and channels; every change is written through the store."""

    def __init__(self, store: Store, clock: Callable[[], float], rng: random.Random) -> None:
        self._store = store
        self._clock = clock
        self._rng = rng
        self._chats: dict[int, Chat] = {}
        self._names: dict[str, int] = {}
        self._of_user: dict[int, dict[int, Chat]] = {}
        self.access_hash: Callable[[int, int], int] = lambda viewer, marked: 1  # the world gives the real one
        self._load()

    def __contains__(self, marked: int) -> bool:
        return marked in self._chats

    def __getitem__(self, marked: int) -> Chat:
        return self._chats[marked]

    def __iter__(self) -> Iterator[Chat]:
        return iter(list(self._chats.values()))

    def get(self, marked: int) -> Chat | None:
        return self._chats.get(marked)

    def by_username(self, username: str) -> int | None:
        """The marked id of the public channel or supergroup of that name."""
        return self._names.get(username.lower())

    def of_user(self, user_id: int) -> list[Chat]:
        """The chats that this user is in."""
        return list(self._of_user.get(user_id, {}).values())

    def create(self, kind: Kind, title: str, creator: int, *, about: str = "", bare_id: int | None = None) -> Chat:
        """A new chat with its creator as only participant. Raises ValueError if the id is taken."""
        marked = self._marked(kind, bare_id if bare_id is not None else self._next_id(kind))
        if marked in self._chats:
            raise ValueError("that chat id is taken")
        chat = Chat(marked, kind, title, creator, int(self._clock()), about)
        self._chats[marked] = chat
        self.save(chat)
        self.add_member(chat, creator, creator)
        return chat

    def add_member(self, chat: Chat, user_id: int, inviter: int) -> Member:
        """Make that user a participant; a ban that threw them out ends."""
        member = chat.members[user_id] = Member(user_id, inviter, int(self._clock()))
        self._of_user.setdefault(user_id, {})[chat.marked] = chat
        ban = chat.bans.get(user_id)
        if ban and ban.kicked:
            del chat.bans[user_id]
        back = chat.former.pop(user_id, None) is not None
        self.save_member(chat, member)
        if chat.is_group:
            chat.version += 1
        if chat.is_group or ban or back:
            self.save(chat)
        return member

    def remove_member(self, chat: Chat, user_id: int, *, left: bool) -> None:
        """That user is no participant any more: they left, or were taken out."""
        if chat.members.pop(user_id, None) is None:
            return
        self._of_user[user_id].pop(chat.marked, None)
        chat.former[user_id] = left
        if chat.is_group:
            chat.version += 1
        self._store.delete("member", f"{chat.marked}:{user_id}")
        self.save(chat)

    def set_username(self, chat: Chat, username: str) -> None:
        """Make a channel public under that name, or private with an empty one."""
        self._names.pop(chat.username.lower(), None)
        chat.username = username
        if username:
            self._names[username.lower()] = chat.marked
        self.save(chat)

    def save(self, chat: Chat) -> None:
        """Write a chat that was changed in place (its members have rows of their own)."""
        row = {name: value for name, value in vars(chat).items() if name not in ("members", "bans")}
        row["bans"] = {user_id: asdict(ban) for user_id, ban in chat.bans.items()}
        self._store.put("chat", chat.marked, row)

    def save_member(self, chat: Chat, member: Member) -> None:
        """Write a participant who was changed in place."""
        self._store.put("member", f"{chat.marked}:{member.user_id}", vars(member))

    def tl(self, viewer: int, marked: int) -> types.TypeChat:
        """The chat as this viewer sees it: Chat, ChatForbidden, Channel or ChannelForbidden."""
        chat = self._chats[marked]
        return self._group(viewer, chat) if chat.is_group else self._channel(viewer, chat)

    def _group(self, viewer: int, chat: Chat) -> types.TypeChat:
        member = chat.members.get(viewer)
        if member is None and not chat.former.get(viewer):
            return types.ChatForbidden(chat.bare_id, chat.title)
        return types.Chat(
            id=chat.bare_id,
            title=chat.title,
            photo=types.ChatPhotoEmpty(),
            participants_count=0 if chat.deactivated else len(chat.members),
            date=member.date if member else chat.date,
            version=chat.version,
            creator=viewer == chat.creator or None,
            left=member is None or None,
            deactivated=chat.deactivated or None,
            migrated_to=self._migrated_to(viewer, chat),
            admin_rights=self._admin_rights(chat, viewer),
            default_banned_rights=banned_rights(chat.default_banned, FOREVER),
        )

    def _migrated_to(self, viewer: int, chat: Chat) -> types.InputChannel | None:
        if not chat.deactivated:
            return None
        target = self._chats[chat.migrated_to]
        return types.InputChannel(target.bare_id, self.access_hash(viewer, target.marked))

    def _channel(self, viewer: int, chat: Chat) -> types.TypeChat:
        access_hash = self.access_hash(viewer, chat.marked)
        broadcast, megagroup = chat.kind == "channel" or None, chat.kind == "supergroup" or None
        ban = chat.ban_of(viewer, self._clock())
        member = chat.members.get(viewer)
        if (ban and ban.kicked) or not (member or chat.username or viewer in chat.former):
            return types.ChannelForbidden(
                chat.bare_id, access_hash, chat.title, broadcast, megagroup,
                until_date=ban.until if ban and ban.until not in (0, FOREVER) else None,
            )  # fmt: skip
        return types.Channel(
            id=chat.bare_id,
            title=chat.title,
            photo=types.ChatPhotoEmpty(),
            date=member.date if member else chat.date,
            creator=viewer == chat.creator or None,
            left=member is None or None,
            broadcast=broadcast,
            megagroup=megagroup,
            slowmode_enabled=bool(chat.slow_mode) or None,
            forum=chat.forum or None,
            forum_tabs=chat.forum_tabs or None,
            access_hash=access_hash,
            username=chat.username or None,
            admin_rights=self._admin_rights(chat, viewer),
            banned_rights=banned_rights(ban.rights, ban.until) if ban else None,
            default_banned_rights=banned_rights(chat.default_banned, FOREVER),
            participants_count=len(chat.members),
        )

    def _admin_rights(self, chat: Chat, viewer: int) -> types.ChatAdminRights | None:
        if not chat.is_admin(viewer):
            return None
        return admin_rights(ADMIN_RIGHTS[chat.kind] if viewer == chat.creator else chat.members[viewer].admin_rights)

    def _marked(self, kind: Kind, bare_id: int) -> int:
        return -bare_id if kind == "group" else -CHANNEL_BASE - bare_id

    def _next_id(self, kind: Kind) -> int:
        first = FIRST_GROUP_ID if kind == "group" else FIRST_CHANNEL_ID
        taken = (chat.bare_id for chat in self._chats.values() if chat.is_group == (kind == "group"))
        return max(taken, default=first) + self._rng.randrange(1, 1000)

    def _load(self) -> None:
        for _, row in self._store.rows("chat"):
            row["bans"] = {int(user_id): Ban(**ban) for user_id, ban in row["bans"].items()}
            for name in ("former", "migrated_at"):
                row[name] = {int(user_id): value for user_id, value in row.get(name, {}).items()}
            chat = Chat(**row)
            self._chats[chat.marked] = chat
            if chat.username:
                self._names[chat.username.lower()] = chat.marked
        for key, row in self._store.rows("member"):
            chat = self._chats[int(key.partition(":")[0])]
            chat.members[row["user_id"]] = Member(**row)
            self._of_user.setdefault(row["user_id"], {})[chat.marked] = chat


def admin_rights(names: list[str]) -> types.ChatAdminRights:
    """The flags of these names."""
    return types.ChatAdminRights(**dict.fromkeys(names, True))


def banned_rights(names: list[str], until: int) -> types.ChatBannedRights:
    """The flags of these names, until that time."""
    return types.ChatBannedRights(until_date=until, **dict.fromkeys(names, True))


def flags_of(rights: Any) -> list[str]:
    """The names of the flags that are set in ChatAdminRights or ChatBannedRights."""
    return [name for name, value in vars(rights).items() if value is True]
