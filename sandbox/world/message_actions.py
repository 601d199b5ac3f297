"""What accounts do with messages: write, edit, delete, forward.

Each checks its rights as Telegram does, changes the world in one step, and tells who is concerned. Every action takes
`push`, which brings updates to an account's live sessions once the change has been committed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from sandbox.errors import RpcError
from sandbox.world import text as texts
from sandbox.world.box import Box
from sandbox.world.chats import Chat
from sandbox.world.ids import is_channel
from sandbox.world.news import Push
from sandbox.world.peers import peer as tl_peer
from sandbox.world.posts import Post

if TYPE_CHECKING:
    from sandbox.world.world import World

Extra = Callable[[int], list[Any]]  # updates that go with a message, for a viewer
EDIT_SECONDS = 48 * 3600  # help.getConfig's edit_time_limit


@dataclass
class Draft:
    """What somebody wants to send. `reply_to` is an id in the sender's box (or the channel's)."""

    text: str
    entities: list[Any] | None = None
    reply_to: int | None = None
    random_id: int = 0
    silent: bool = False
    forward: Any = None
    scheduled: bool = False  # it has waited for its time
    thread: int = 0  # the topic, for an answer to what is gone by then
    media: Any = None
    no_preview: bool = False
    above: bool = False


class MessageActions:
    """The actions on messages."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chats = world.chats
        self._boxes = world.boxes
        self._render = world.render

    # --- sending

    def send(self, author: int, peer: int, draft: Draft, push: Push) -> Post:
        """Send a text. A `random_id` that this account has used gives the message it stands for, and does nothing.

        https://core.telegram.org/method/messages.sendMessage
        """
        known = self._boxes.sent(author, draft.random_id) if draft.random_id else None
        if known is not None:
            return known
        self.check_can_write(author, peer)
        caption = draft.media is not None and not isinstance(draft.media, types.MessageMediaWebPage)
        given = self.kept_entities(author, draft.entities)
        text, entities, altered = texts.accept(draft.text, given, caption=caption)
        replied = self.replied(author, peer, draft.reply_to, draft.thread)
        if is_channel(peer):
            self._world.topics.check_open(author, self._chats[peer], replied, draft.thread)
        self._take_slow_mode(author, peer)
        post = Post(0, author, peer, self._world.now(), text, entities, random_id=draft.random_id)
        post.silent, post.altered, post.forward = draft.silent, altered, draft.forward
        post.scheduled = draft.scheduled
        post.media = draft.media or self._preview(text, entities, no_preview=draft.no_preview)
        post.above = draft.above and post.media is not None
        return self.post(post, push, replied=replied)

    def post(
        self, post: Post, push: Push,
        *, replied: Post | None = None, extra: Extra | None = None, owners: Iterable[int] | None = None,
    ) -> Post:  # fmt: skip
        """Put a message (or service message) that has passed all checks where it belongs, and tell everybody.

        `owners` are the boxes that get it, if not those of all who are in the chat now.
        """
        owners = list(self._owners(post.author, post.to) if owners is None else owners)
        if replied is not None:
            post.replies = {owner: replied.copies[owner].id for owner in owners if owner in replied.copies}
            if is_channel(post.to):
                post.thread = replied.thread or replied.replies.get(post.to, 0)
        self._boxes.add(post, owners)
        if is_channel(post.to):
            self._read_own(post)
        self._world.mentions.note(post, replied)
        self.announce(post, push, extra=extra)
        return post

    def announce(self, post: Post, push: Push, *, extra: Extra | None = None) -> None:
        """Tell all who hold the message, the author's other sessions too. `extra` updates go before it."""
        for owner in post.copies:
            for viewer in self._world.news.viewers(owner):
                push(viewer, self.new_updates(post, owner, viewer, extra(viewer) if extra else None))
        for watcher in self._world.watchers:
            watcher(post)

    def new_updates(self, post: Post, owner: int, viewer: int, extra: list[Any] | None = None) -> types.Updates:
        """The container that tells `viewer` of a new message."""
        message = self._render.message(post, owner, viewer)
        updates = list(extra or ())
        if is_channel(owner):
            if viewer == post.author:
                updates.append(self.own_read(viewer, owner, post))
            updates.append(types.UpdateNewChannelMessage(message, post.copies[owner].pts, 1))
        else:
            updates.append(types.UpdateNewMessage(message, post.copies[owner].pts, 1))
        named = [marked for update in updates for marked in self._render.participants_named(update)]
        return self._render.container(viewer, updates, [*self._render.mentioned(post, owner), *named])

    def own_read(self, author: int, channel: int, post: Post) -> types.UpdateReadChannelInbox:
        """What goes with an author's own message in a channel: they have read it up to there."""
        dialog = self._boxes.dialog(author, channel)
        unread = self._boxes.unread(author, dialog)
        bare_id, pts = self._chats[channel].bare_id, post.copies[channel].pts
        return types.UpdateReadChannelInbox(bare_id, dialog.read_inbox, unread, pts)

    def forwarded(
        self, author: int, source: int, ids: list[int], target: int, random_ids: list[int],
        *, drop_author: bool = False, silent: bool = False,
    ) -> list[Draft]:  # fmt: skip
        """What has to be sent to forward these messages. https://core.telegram.org/method/messages.forwardMessages"""
        if not ids:
            raise RpcError(400, "MESSAGE_IDS_EMPTY")
        if len(random_ids) != len(ids) or len(set(random_ids)) != len(ids):
            raise RpcError(400, "RANDOM_ID_INVALID")
        originals = [self.find(author, source, number) for number in ids]
        if any(post is None or post.action is not None for post in originals):
            raise RpcError(400, "MESSAGE_ID_INVALID")
        self.check_can_write(author, target)
        drafts = []
        for original, random_id in zip(originals, random_ids, strict=True):
            if original is not None:
                header = None if drop_author else self._forward_header(original, author, source, target)
                draft = Draft(original.text, original.entities, None, random_id, silent, header)
                draft.media, draft.above = original.media, original.above
                draft.no_preview = original.media is None
                drafts.append(draft)
        return drafts

    def check_can_write(self, author: int, peer: int) -> None:
        """Raise what Telegram answers to an account that may not write there."""
        if peer > 0:
            other = self._world.accounts[peer]
            if other.deleted:
                raise RpcError(400, "INPUT_USER_DEACTIVATED")
            if peer in self._world.accounts[author].blocked:
                raise RpcError(400, "YOU_BLOCKED_USER")
            return
        chat = self._chats[peer]
        if chat.deactivated:
            raise RpcError(400, "PEER_ID_INVALID")
        if not chat.is_group and not chat.visible_to(author, self._world.clock()):
            raise RpcError(406, "CHANNEL_PRIVATE")
        if chat.kind == "channel":
            if not chat.is_admin(author, "post_messages"):
                raise RpcError(403, "CHAT_ADMIN_REQUIRED")
        elif author not in chat.members:
            raise RpcError(403, "CHAT_WRITE_FORBIDDEN")
        elif not chat.is_admin(author):
            self._check_restrictions(author, chat)

    def _check_restrictions(self, author: int, chat: Chat) -> None:
        ban = chat.ban_of(author, self._world.clock())
        if ban and {"send_messages", "send_plain"} & set(ban.rights):
            raise RpcError(400, "USER_BANNED_IN_CHANNEL")
        if "send_messages" in chat.default_banned:
            raise RpcError(403, "CHAT_WRITE_FORBIDDEN")
        if "send_plain" in chat.default_banned:
            raise RpcError(403, "CHAT_SEND_PLAIN_FORBIDDEN")

    # --- changing

    def edit(self, editor: int, peer: int, number: int, draft: Draft, push: Push) -> Post:
        """The whole text or caption with its entities: what the draft does not say again is gone, be it formatting or
        where a preview stands. https://core.telegram.org/method/messages.editMessage"""
        post = self.editable(editor, peer, number)
        given = self.kept_entities(editor, draft.entities)
        text, entities, _ = texts.accept(draft.text, given, caption=post.has_caption)
        media = post.media
        if not post.has_caption:
            media = self._preview(text, entities, no_preview=draft.no_preview)
        above = draft.above and media is not None
        same_media = [bytes(each) for each in (media, post.media) if each is not None]
        unchanged = len(set(same_media)) < 2 and (media is None) == (post.media is None) and above == post.above
        if unchanged and text == post.text and _same(entities, post.entities or []):
            raise RpcError(400, "MESSAGE_NOT_MODIFIED")
        post.text, post.entities, post.media, post.above = text, entities, media, above
        post.edit_date = max(self._world.now(), post.date)
        self._boxes.edited(post)
        for owner in post.copies:
            self._world.news.event(owner, self._boxes.box(owner).log[-1], push)
        return post

    def editable(self, editor: int, peer: int, number: int) -> Post:
        """The message of that id, if this account may edit it: the author for some time, in channels editors too."""
        post = self.find(editor, peer, number)
        if post is None or post.action is not None:
            raise RpcError(400, "MESSAGE_ID_INVALID")
        chat = self._chats.get(peer)
        if chat is not None and chat.kind == "channel" and chat.is_admin(editor, "edit_messages"):
            return post
        if post.author != editor or post.forward is not None:
            raise RpcError(403, "MESSAGE_AUTHOR_REQUIRED")
        if peer < 0:
            self.check_can_write(editor, peer)
        if self._world.clock() - post.date > EDIT_SECONDS and peer != editor:
            raise RpcError(400, "MESSAGE_EDIT_TIME_EXPIRED")
        return post

    def delete(self, user_id: int, ids: list[int], push: Push, *, revoke: bool) -> int:
        """Delete from the account's own box, with `revoke` from everybody's; how many of its own are gone.

        https://core.telegram.org/method/messages.deleteMessages
        """
        box = self._boxes.box(user_id)
        posts = [box.posts[number] for number in dict.fromkeys(ids) if number in box.posts]
        doomed: dict[int, list[int]] = {user_id: []}
        for post in posts:
            foreign = post.to < 0 and post.author != user_id
            if revoke and foreign and not self._chats[post.to].is_admin(user_id, "delete_messages"):
                raise RpcError(403, "MESSAGE_DELETE_FORBIDDEN")
            for owner in list(post.copies) if revoke else [user_id]:
                doomed.setdefault(owner, []).append(post.copies[owner].id)
        for owner, numbers in doomed.items():
            self._drop(owner, numbers, push)
        return len(posts)

    def delete_in_channel(self, user_id: int, channel: int, ids: list[int], push: Push) -> int:
        """https://core.telegram.org/method/channels.deleteMessages"""
        chat = self.readable_channel(user_id, channel)
        box = self._boxes.box(channel)
        posts = [box.posts[number] for number in dict.fromkeys(ids) if number in box.posts]
        for post in posts:
            may = chat.is_admin(user_id, "delete_messages") or (post.author == user_id and user_id in chat.members)
            if not may or isinstance(post.action, types.MessageActionChannelCreate):
                raise RpcError(403, "MESSAGE_DELETE_FORBIDDEN")
        self._drop(channel, [post.copies[channel].id for post in posts], push)
        return len(posts)

    def clear(
        self, user_id: int, peer: int, push: Push,
        *, max_id: int = 0, since: int = 0, until: int = 0, keep: bool = False, revoke: bool = False,
    ) -> int:  # fmt: skip
        """Empty a private chat or basic group; the chat leaves the list unless `keep`.

        If they are given, only messages up to `max_id`, newer than `since` and older than `until` go.
        https://core.telegram.org/method/messages.deleteHistory
        """
        box = self._boxes.box(user_id)
        doomed = [
            number
            for number in box.thread(peer)
            if not (max_id and number > max_id)
            and not (since and box.posts[number].date <= since)
            and not (until and box.posts[number].date >= until)
        ]
        count = self.delete(user_id, doomed, push, revoke=revoke and peer > 0)
        if not keep and not self._boxes.box(user_id).thread(peer):
            self._boxes.drop_dialog(user_id, peer)
        return count

    # --- finding

    def find(self, user_id: int, peer: int, number: int) -> Post | None:
        """The message of that id in that chat, if it is there for this account."""
        box = self.box_of(user_id, peer)
        post = box.posts.get(number)
        return post if post is not None and post.peer(box.owner) == peer else None

    def box_of(self, user_id: int, peer: int) -> Box:
        """The box in which this account finds that chat's messages."""
        return self._boxes.box(peer if is_channel(peer) else user_id)

    def readable_channel(self, user_id: int, channel: int) -> Chat:
        """That supergroup or channel, if this account may look into it; else 406 CHANNEL_PRIVATE."""
        chat = self._chats[channel]
        if not chat.visible_to(user_id, self._world.clock()):
            raise RpcError(406, "CHANNEL_PRIVATE")
        return chat

    # --- inside

    def _owners(self, author: int, peer: int) -> Iterable[int]:
        if is_channel(peer):
            return [peer]
        if peer < 0:
            return list(self._chats[peer].members)
        # Whom one has blocked may write, but nothing arrives.
        blocked = author in self._world.accounts[peer].blocked
        return [author] if peer == author or blocked else [author, peer]

    def replied(self, author: int, peer: int, number: int | None, thread: int = 0) -> Post | None:
        """The message that is answered; raises 400 REPLY_MESSAGE_ID_INVALID if it is not there."""
        if not number:
            return None
        post = self.find(author, peer, number) or (self.find(author, peer, thread) if thread else None)
        if post is None:
            raise RpcError(400, "TOPIC_DELETED" if thread else "REPLY_MESSAGE_ID_INVALID")
        return post

    def kept_entities(self, author: int, entities: list[Any] | None) -> list[Any]:
        """The entities as messages bear them: an input mention names its user by id only."""
        kept = []
        for entity in entities or ():
            if isinstance(entity, types.InputMessageEntityMentionName):
                named = self._world.peers.resolve_user(
                    self._world.accounts[author], entity.user_id, error="ENTITY_MENTION_USER_INVALID"
                )
                kept.append(types.MessageEntityMentionName(entity.offset, entity.length, named.user_id))
            else:
                kept.append(entity)
        return kept

    def _preview(self, text: str, entities: list[Any], *, no_preview: bool) -> Any:
        """The preview of the first link, if this world knows that page; None for none.
        https://core.telegram.org/api/link-previews"""
        link = None if no_preview else texts.first_link(text, entities)
        title = self._world.pages.get(link or "")
        if link is None or title is None:
            return None
        page = types.WebPage(zlib.crc32(link.encode()), link, link, 0, type="article", title=title)
        return types.MessageMediaWebPage(page)

    def _take_slow_mode(self, author: int, peer: int) -> None:
        chat = self._chats.get(peer) if peer < 0 else None
        if chat is None or not chat.slow_mode or chat.is_admin(author):
            return
        member, now = chat.members[author], self._world.now()
        if member.next_send > now:
            raise RpcError(420, f"SLOWMODE_WAIT_{member.next_send - now}")
        member.next_send = now + chat.slow_mode
        self._chats.save_member(chat, member)

    def _forward_header(self, original: Post, author: int, source: int, target: int) -> types.MessageFwdHeader:
        """Whose message it was first; in the saved messages also where it was taken from."""
        first: Any = original.forward
        if first is None and is_channel(original.to) and self._chats[original.to].kind == "channel":
            number = original.copies[original.to].id
            first = types.MessageFwdHeader(original.date, from_id=tl_peer(original.to), channel_post=number)
        elif first is None:
            first = self._person_forwarded(original, author)
        header = types.MessageFwdHeader(
            first.date, from_id=first.from_id, from_name=first.from_name, channel_post=first.channel_post
        )
        if target == author:
            header.saved_from_peer = tl_peer(source)
            header.saved_from_msg_id = original.copies[source if is_channel(source) else author].id
            header.saved_out = original.author == author or None
        return header

    def _person_forwarded(self, original: Post, author: int) -> types.MessageFwdHeader:
        """Who wrote it: by name alone, if their privacy rules allow no link to them."""
        writer = self._world.accounts[original.author]
        if self._world.privacy.allows(writer, "Forwards", author):
            return types.MessageFwdHeader(original.date, from_id=types.PeerUser(original.author))
        name = f"{writer.first_name} {writer.last_name}".strip()
        return types.MessageFwdHeader(original.date, from_name=name)

    def _read_own(self, post: Post) -> None:
        """Who writes in a channel or supergroup has read it up to their own message."""
        dialog = self._boxes.dialog(post.author, post.to)
        copy = post.copies[post.to]
        dialog.read_inbox = max(dialog.read_inbox, copy.id)
        self._boxes.save_dialog(post.author, dialog)
        unread = self._boxes.unread(post.author, dialog)
        self._boxes.aside(post.author, "rcin", [post.to, dialog.read_inbox, unread, copy.pts])

    def _drop(self, owner: int, ids: list[int], push: Push) -> None:
        if self._boxes.delete(owner, ids):
            self._world.news.event(owner, self._boxes.box(owner).log[-1], push)


def _same(one: list[Any], other: list[Any]) -> bool:
    return [bytes(each) for each in one] == [bytes(each) for each in other]
