"""A basic group becomes a supergroup: its people go over, its messages stay where they are.

https://core.telegram.org/api/channel#migration
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telethon.tl import types

from sandbox.errors import RpcError
from sandbox.world.chats import Chat
from sandbox.world.news import Push
from sandbox.world.posts import Post

if TYPE_CHECKING:
    from sandbox.world.world import World

CHANNELS_LIMIT = 500  # help.getAppConfig's channels_limit_default


class Migration:
    """Turns basic groups into supergroups."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chats = world.chats
        self._boxes = world.boxes

    def migrate(self, actor: int, group: Chat, push: Push) -> Chat:
        """The supergroup that goes on for a basic group, with its title, its people and their rights.

        The old group is read only from now on; a service message in each of the two names the other.
        https://core.telegram.org/method/messages.migrateChat
        """
        if actor not in group.members or group.deactivated:
            raise RpcError(400, "CHAT_ID_INVALID")
        if actor != group.creator:
            raise RpcError(403, "CHAT_ADMIN_REQUIRED")
        if sum(1 for chat in self._chats.of_user(actor) if not chat.is_group) >= CHANNELS_LIMIT:
            raise RpcError(400, "CHANNELS_TOO_MUCH")
        target = self._chats.create("supergroup", group.title, group.creator, about=group.about)
        self._carry_over(group, target)
        self._service(group, actor, types.MessageActionChatMigrateTo(target.bare_id), push)
        target.migrated_at = {user_id: self._boxes.box(user_id).thread(group.marked)[-1] for user_id in group.members}
        self._chats.save(target)
        for user_id in group.members:
            self._boxes.save_dialog(user_id, self._boxes.dialog(user_id, target.marked))
            self._world.chat_actions.tell_moved(target, user_id, push)
        self._service(target, actor, types.MessageActionChannelMigrateFrom(group.title, group.bare_id), push)
        return target

    def _carry_over(self, group: Chat, target: Chat) -> None:
        for old in group.members.values():
            member = self._chats.add_member(target, old.user_id, old.inviter)
            member.admin_rights, member.rank, member.promoted_by = list(old.admin_rights), old.rank, old.promoted_by
            self._chats.save_member(target, member)
        target.default_banned = list(group.default_banned)
        target.migrated_from = group.marked
        group.migrated_to = target.marked
        self._chats.save(target)
        self._chats.save(group)

    def _service(self, chat: Chat, actor: int, action: types.TypeMessageAction, push: Push) -> None:
        self._world.message_actions.post(Post(0, actor, chat.marked, self._world.now(), action=action), push)
