"""What happens to groups and channels: made, renamed, joined, left, people invited, thrown out, restricted, promoted.

Each action checks its rights as Telegram does and leaves the service messages that Telegram leaves. `push` is as in
`news`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from sandbox.errors import RpcError
from sandbox.world.chats import FOREVER, Ban, Chat, Kind
from sandbox.world.message_actions import Extra
from sandbox.world.news import Push
from sandbox.world.posts import Post

if TYPE_CHECKING:
    from sandbox.world.world import World

GROUP_LIMIT = 200  # help.getConfig's chat_size_max
TITLE_LENGTH = 128
BAN_SECONDS = (30, 366 * 86400)  # https://core.telegram.org/constructor/chatBannedRights
SLOW_MODE_STEPS = (0, 10, 30, 60, 300, 900, 3600)


class ChatActions:
    """The actions on groups and channels."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chats = world.chats
        self._boxes = world.boxes

    def create_group(
        self, creator: int, title: str, users: Iterable[int], push: Push, *, bare_id: int | None = None
    ) -> tuple[Chat, Post]:
        """A basic group with these users in it. https://core.telegram.org/method/messages.createChat"""
        title = check_title(title)
        invited = [user_id for user_id in dict.fromkeys(users) if user_id != creator]
        if not invited:
            raise RpcError(400, "USERS_TOO_FEW")
        if len(invited) >= GROUP_LIMIT:
            raise RpcError(400, "USERS_TOO_MUCH")
        chat = self._chats.create("group", title, creator, bare_id=bare_id)
        for user_id in invited:
            self._chats.add_member(chat, user_id, creator)
        action = types.MessageActionChatCreate(title, [creator, *invited])
        return chat, self._service(chat, creator, action, push)

    def create_channel(
        self, creator: int, title: str, push: Push, *, kind: Kind, about: str = "", bare_id: int | None = None
    ) -> tuple[Chat, Post]:
        """A supergroup or channel. https://core.telegram.org/method/channels.createChannel"""
        title = check_title(title)
        if len(about) > 255:
            raise RpcError(400, "CHAT_ABOUT_TOO_LONG")
        chat = self._chats.create(kind, title, creator, about=about, bare_id=bare_id)
        self._boxes.save_dialog(creator, self._boxes.dialog(creator, chat.marked))
        moved = self._moved(chat, creator)
        return chat, self._service(chat, creator, types.MessageActionChannelCreate(title), push, extra=lambda _: moved)

    def rename(self, actor: int, chat: Chat, title: str, push: Push) -> Post:
        """https://core.telegram.org/method/messages.editChatTitle, .../channels.editTitle"""
        title = check_title(title)
        self.need(chat, actor, "change_info")
        if title == chat.title:
            raise RpcError(400, "CHAT_NOT_MODIFIED")
        chat.title = title
        self._chats.save(chat)
        return self._service(chat, actor, types.MessageActionChatEditTitle(title), push)

    def add_to_group(self, actor: int, chat: Chat, user_id: int, push: Push) -> Post:
        """https://core.telegram.org/method/messages.addChatUser"""
        if actor not in chat.members or chat.deactivated:
            raise RpcError(400, "CHAT_ID_INVALID")
        if user_id in chat.members:
            raise RpcError(400, "USER_ALREADY_PARTICIPANT")
        if "invite_users" in chat.default_banned:
            self.need(chat, actor, "invite_users")
        if len(chat.members) >= GROUP_LIMIT:
            raise RpcError(400, "USERS_TOO_MUCH")
        if self._world.accounts[user_id].deleted:
            raise RpcError(400, "INPUT_USER_DEACTIVATED")
        self._chats.add_member(chat, user_id, actor)
        return self._service(chat, actor, types.MessageActionChatAddUser([user_id]), push)

    def remove_from_group(self, actor: int, chat: Chat, user_id: int, push: Push) -> Post:
        """Leave a basic group, or take somebody out. https://core.telegram.org/method/messages.deleteChatUser"""
        if actor not in chat.members or chat.deactivated:
            raise RpcError(400, "CHAT_ID_INVALID")
        if user_id not in chat.members:
            raise RpcError(400, "USER_NOT_PARTICIPANT")
        may = actor in (user_id, chat.members[user_id].inviter) or chat.is_admin(actor, "ban_users")
        if not may or (user_id == chat.creator and actor != user_id):
            raise RpcError(400, "CHAT_ADMIN_REQUIRED")
        owners = list(chat.members)  # the service message still reaches whoever leaves
        self._chats.remove_member(chat, user_id, left=actor == user_id)
        return self._service(chat, actor, types.MessageActionChatDeleteUser(user_id), push, owners=owners)

    def invite(self, actor: int, chat: Chat, users: Iterable[int], push: Push) -> Post | None:
        """Bring users into a supergroup or channel; the service message, if there is one.

        https://core.telegram.org/method/channels.inviteToChannel
        """
        if chat.kind == "channel" or "invite_users" in chat.default_banned:
            self.need(chat, actor, "invite_users")
        invited = list(dict.fromkeys(users))
        for user_id in invited:
            ban = chat.ban_of(user_id, self._world.clock())
            if ban and ban.kicked and not chat.is_admin(actor, "ban_users"):
                raise RpcError(400, "USER_KICKED")
            if self._world.accounts[user_id].deleted:
                raise RpcError(400, "INPUT_USER_DEACTIVATED")
        added = [user_id for user_id in invited if user_id not in chat.members]
        if not added:
            raise RpcError(400, "USER_ALREADY_PARTICIPANT")
        for user_id in added:
            self._enter(chat, user_id, actor, push)
        if chat.kind == "channel":
            return None
        return self._service(chat, actor, types.MessageActionChatAddUser(added), push)

    def join(self, user_id: int, chat: Chat, push: Push) -> Post | None:
        """https://core.telegram.org/method/channels.joinChannel"""
        ban = chat.ban_of(user_id, self._world.clock())
        if ban and ban.kicked:
            raise RpcError(400, "USER_BANNED_IN_CHANNEL" if chat.username else "CHANNEL_PRIVATE")
        if user_id in chat.members:
            raise RpcError(400, "USER_ALREADY_PARTICIPANT")
        if not chat.username and not chat.former.get(user_id):
            raise RpcError(406, "CHANNEL_PRIVATE")
        self._enter(chat, user_id, user_id, push)
        if chat.kind == "channel":
            return None
        return self._service(chat, user_id, types.MessageActionChatAddUser([user_id]), push)

    def leave(self, user_id: int, chat: Chat, push: Push) -> None:
        """https://core.telegram.org/method/channels.leaveChannel"""
        if user_id not in chat.members:
            raise RpcError(400, "USER_NOT_PARTICIPANT")
        if user_id == chat.creator:
            raise RpcError(400, "USER_CREATOR")
        self._exit(chat, user_id, user_id, push, left=True)

    def ban(self, actor: int, chat: Chat, user_id: int, rights: list[str], until: int, push: Push) -> None:
        """Restrict, throw out ("view_messages") or, with no rights named, pardon a participant.

        `until` in unix seconds; 0: for ever.

        https://core.telegram.org/method/channels.editBanned
        """
        self.need(chat, actor, "ban_users")
        if user_id in (chat.creator, actor) or (chat.is_admin(user_id) and actor != chat.creator):
            raise RpcError(400, "USER_ADMIN_INVALID")
        until = until or FOREVER
        if not rights:
            chat.bans.pop(user_id, None)
        else:
            chat.bans[user_id] = Ban(rights, until, actor, self._world.now())
            member = chat.members.get(user_id)
            if member is not None and member.admin_rights:
                member.admin_rights = []
                self._chats.save_member(chat, member)
        self._chats.save(chat)
        if "view_messages" in rights and user_id in chat.members:
            self._exit(chat, user_id, actor, push, left=False)
        else:
            self.tell_moved(chat, user_id, push)

    def ban_end(self, until: int) -> int:
        """What a client's `until` means: it holds if it lies 30 seconds to 366 days ahead, and means for ever else."""
        return until if BAN_SECONDS[0] <= until - self._world.now() <= BAN_SECONDS[1] else FOREVER

    def promote(self, actor: int, chat: Chat, user_id: int, rights: list[str], rank: str, push: Push) -> None:
        """Make a participant an administrator with these rights; with none, an ordinary member again.

        https://core.telegram.org/method/channels.editAdmin
        """
        self.need(chat, actor, "add_admins")
        if user_id == chat.creator:
            raise RpcError(400, "USER_CREATOR")
        if len(rank) > 16:
            raise RpcError(400, "ADMIN_RANK_INVALID")
        if actor != chat.creator and not set(rights) <= set(chat.members[actor].admin_rights):
            raise RpcError(403, "RIGHT_FORBIDDEN")
        if user_id not in chat.members:
            self.invite(actor, chat, [user_id], push)
        member = chat.members[user_id]
        # Telegram gives "other" with any right: no administrator is without rights.
        member.admin_rights = [*rights, *([] if "other" in rights else ["other"])] if rights else []
        member.rank, member.promoted_by = rank, actor
        chat.bans.pop(user_id, None)
        self._chats.save_member(chat, member)
        self._chats.save(chat)
        self.tell_moved(chat, user_id, push)

    def set_slow_mode(self, actor: int, chat: Chat, seconds: int, push: Push) -> None:
        """https://core.telegram.org/method/channels.toggleSlowMode"""
        if chat.kind != "supergroup":
            raise RpcError(400, "CHANNEL_INVALID")
        if seconds not in SLOW_MODE_STEPS:
            raise RpcError(400, "SECONDS_INVALID")
        self.need(chat, actor, "ban_users")
        if seconds == chat.slow_mode:
            raise RpcError(400, "CHAT_NOT_MODIFIED")
        chat.slow_mode = seconds
        for member in chat.members.values():
            if member.next_send:
                member.next_send = 0
                self._chats.save_member(chat, member)
        self._chats.save(chat)
        for user_id in chat.members:
            self.tell_moved(chat, user_id, push)

    def need(self, chat: Chat, user_id: int, right: str, *, only_admins: bool = False) -> None:
        """Raise unless that user may do that in the chat; members may rename a group unless that is forbidden."""
        if user_id not in chat.members or chat.deactivated:
            raise RpcError(400, "CHAT_ID_INVALID") if chat.is_group else RpcError(406, "CHANNEL_PRIVATE")
        if chat.is_admin(user_id, right):
            return
        open_to_all = (
            right == "change_info" and not only_admins and chat.kind != "channel" and right not in chat.default_banned
        )
        if not (open_to_all and not chat.is_admin(user_id)):
            raise RpcError(400, "CHAT_ADMIN_REQUIRED")

    def participants(self, chat: Chat) -> Any:
        """The participants of a basic group."""
        people: list[Any] = []
        for member in chat.members.values():
            if member.user_id == chat.creator:
                people.append(types.ChatParticipantCreator(member.user_id))
            else:
                kind = types.ChatParticipantAdmin if member.admin_rights else types.ChatParticipant
                people.append(kind(member.user_id, member.inviter, member.date))
        return types.ChatParticipants(chat.bare_id, people, chat.version)

    def _service(
        self, chat: Chat, actor: int, action: Any, push: Push,
        *, extra: Extra | None = None, owners: list[int] | None = None,
    ) -> Post:  # fmt: skip
        post = Post(0, actor, chat.marked, self._world.now(), action=action)
        if chat.is_group and not isinstance(action, types.MessageActionChatEditTitle):
            extra = partial(self._participants_news, chat)
        return self._world.message_actions.post(post, push, extra=extra, owners=owners)

    def _participants_news(self, chat: Chat, viewer: int) -> list[Any]:
        """Who is in a basic group now; a viewer who is out of it learns just that."""
        inside = viewer in chat.members
        return [
            types.UpdateChatParticipants(
                self.participants(chat) if inside else types.ChatParticipantsForbidden(chat.bare_id)
            )
        ]

    def _enter(self, chat: Chat, user_id: int, inviter: int, push: Push) -> None:
        """A new member has read what was there before them."""
        self._chats.add_member(chat, user_id, inviter)
        dialog = self._boxes.dialog(user_id, chat.marked)
        dialog.read_inbox = max(dialog.read_inbox, self._boxes.box(chat.marked).last_id)
        self._boxes.save_dialog(user_id, dialog)
        self.tell_moved(chat, user_id, push)

    def _exit(self, chat: Chat, user_id: int, actor: int, push: Push, *, left: bool) -> None:
        """A former member is told that they are out; the others of a supergroup see a service message."""
        self._chats.remove_member(chat, user_id, left=left)
        self._boxes.drop_dialog(user_id, chat.marked)
        self.tell_moved(chat, user_id, push)
        if chat.kind == "supergroup":
            author = actor if actor in chat.members else user_id
            post = Post(0, author, chat.marked, self._world.now(), action=types.MessageActionChatDeleteUser(user_id))
            self._world.message_actions.post(post, push)

    def _moved(self, chat: Chat, user_id: int) -> list[Any]:
        self._boxes.aside(user_id, "chan", chat.marked)
        return [types.UpdateChannel(chat.bare_id)]

    def tell_moved(self, chat: Chat, user_id: int, push: Push) -> None:
        """Tell somebody that their membership of a channel or supergroup has changed."""
        self._world.news.aside(user_id, "chan", chat.marked, push)


def check_title(title: str) -> str:
    """The title as it is kept. Raises 400 CHAT_TITLE_EMPTY."""
    title = " ".join(title.split())[:TITLE_LENGTH]
    if not title:
        raise RpcError(400, "CHAT_TITLE_EMPTY")
    return title
