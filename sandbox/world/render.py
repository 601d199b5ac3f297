"""Messages, events and dialogs as TL objects, as one account sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from telethon import utils
from telethon.tl import types
from telethon.tl.patched import Message, MessageService

from sandbox.world.box import Dialog, Event
from sandbox.world.ids import is_channel
from sandbox.world.peers import marked_channel
from sandbox.world.peers import peer as tl_peer
from sandbox.world.posts import Post
from sandbox.world.topics import GENERAL

if TYPE_CHECKING:
    from sandbox.world.world import World


class Render:
    """Makes the TL objects of the world for one viewer at a time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def message(self, post: Post, owner: int, viewer: int) -> Message | MessageService:
        """The copy that lies in `owner`'s box, for `viewer` (the owner, or a reader of the channel)."""
        peer = post.peer(owner)
        is_post = is_channel(owner) and self._world.chats[owner].kind == "channel"
        # A message to oneself is not marked as outgoing; private messages name their sender only when it is oneself.
        outgoing = post.author == viewer and peer != viewer
        named = not is_post and (peer < 0 or outgoing or post.forward is not None)
        unseen = viewer in post.mentions and post.copies[owner].id in self._world.mentions.unread(viewer, peer)
        shared: dict[str, Any] = {
            "id": post.copies[owner].id,
            "peer_id": tl_peer(peer),
            "date": post.date,
            "out": outgoing or None,
            "mentioned": viewer in post.mentions or None,
            "media_unread": unseen or None,
            "silent": post.silent or None,
            "post": is_post or None,
            "from_id": types.PeerUser(post.author) if named else None,
            "reply_to": self._reply(post, owner),
            "saved_peer_id": self._saved_from(post) if peer == viewer else None,
        }
        if post.action is not None:
            return MessageService(action=post.action, **shared)
        return Message(
            message=post.text,
            entities=post.entities or None,
            media=post.media,
            invert_media=post.above or None,
            edit_date=post.edit_date or None,
            pinned=owner in post.pinned or None,
            from_scheduled=(post.scheduled and post.author == viewer) or None,
            reactions=self._world.reactions.of(post, viewer) if post.reactions else None,
            fwd_from=post.forward,
            views=1 if is_post else None,
            forwards=0 if is_post else None,
            **shared,
        )

    def update(self, event: Event, owner: int, viewer: int) -> Any:
        """The Update of an event, with its pts; None if what it tells of is gone since."""
        channel = is_channel(owner)
        match event.kind:
            case "new" | "edit":
                if owner not in event.data.copies:
                    return None
                message = self.message(event.data, owner, viewer)
                if event.kind == "new":
                    kind = types.UpdateNewChannelMessage if channel else types.UpdateNewMessage
                else:
                    kind = types.UpdateEditChannelMessage if channel else types.UpdateEditMessage
                return kind(message, event.pts, event.pts_count)
            case "del" if channel:
                return types.UpdateDeleteChannelMessages(
                    self._world.chats[owner].bare_id, event.data, event.pts, event.pts_count
                )
            case "del":
                return types.UpdateDeleteMessages(event.data, event.pts, event.pts_count)
        return self._mark(event, owner)

    def _mark(self, event: Event, owner: int) -> Any:
        """The Update of an event that leaves the messages as they are."""
        match event.kind:
            case "cont":
                return types.UpdateReadMessagesContents(event.data, event.pts, event.pts_count, date=event.date)
            case "pins":
                peer, ids, pinned = event.data
                if is_channel(owner):
                    return types.UpdatePinnedChannelMessages(
                        self._world.chats[owner].bare_id, ids, event.pts, event.pts_count, pinned or None
                    )
                return types.UpdatePinnedMessages(tl_peer(peer), ids, event.pts, event.pts_count, pinned or None)
            case "fold":
                places = [types.FolderPeer(tl_peer(peer), folder) for peer, folder in event.data]
                return types.UpdateFolderPeers(places, event.pts, event.pts_count)
            case "rin":
                peer, max_id, unread = event.data
                return types.UpdateReadHistoryInbox(tl_peer(peer), max_id, unread, event.pts, event.pts_count)
            case "rout":
                peer, max_id = event.data
                return types.UpdateReadHistoryOutbox(tl_peer(peer), max_id, event.pts, event.pts_count)
        raise ValueError(event.kind)

    def side(self, event: Event, viewer: int) -> Any:
        """The Update of a change without a pts of its own; None if what it tells of is gone since."""
        match event.kind:
            case "draft":
                return self.draft(viewer, *event.data)
            case "priv":
                return self.privacy(viewer, event.data[0])
            case "sched":
                return self._world.schedule.update(viewer, *event.data)
            case "unsched":
                peer, ids, sent = event.data
                return types.UpdateDeleteScheduledMessages(tl_peer(peer), ids, sent or None)
            case "react":
                return self._world.reactions.update(viewer, *event.data)
        return self._marks(event)

    def _marks(self, event: Event) -> Any:
        """The Update of a change without a pts that says by itself all there is to say."""
        match event.kind:
            case "chan":
                return types.UpdateChannel(utils.resolve_id(event.data)[0])
            case "rcin":
                channel, max_id, unread, pts = event.data
                return types.UpdateReadChannelInbox(utils.resolve_id(channel)[0], max_id, unread, pts)
            case "rcont":
                channel, ids = event.data
                return types.UpdateChannelReadMessagesContents(utils.resolve_id(channel)[0], ids)
            case "rcout":
                channel, max_id = event.data
                return types.UpdateReadChannelOutbox(utils.resolve_id(channel)[0], max_id)
            case "pin":
                peer, pinned = event.data
                return types.UpdateDialogPinned(types.DialogPeer(tl_peer(peer)), pinned=pinned or None)
            case "mark":
                peer, unread = event.data
                return types.UpdateDialogUnreadMark(types.DialogPeer(tl_peer(peer)), unread=unread or None)
        raise ValueError(event.kind)

    def draft(self, viewer: int, peer: int, thread: int) -> types.UpdateDraftMessage:
        """What tells of an account's draft as it is now."""
        draft = self._world.drafts.get(viewer, peer, thread) or types.DraftMessageEmpty()
        return types.UpdateDraftMessage(tl_peer(peer), draft, top_msg_id=thread or None)

    def mentioned(self, post: Post, owner: int) -> Iterator[int]:
        """The marked ids of all peers that the message names: their entities go with it."""
        peer = post.peer(owner)
        yield peer
        if not (is_channel(owner) and self._world.chats[owner].kind == "channel"):
            yield post.author
        if post.action is not None:
            yield from _named_by(post.action)
        if post.forward is not None and post.forward.from_id is not None:
            yield utils.get_peer_id(post.forward.from_id)
        if post.forward is not None and post.forward.saved_from_peer is not None:
            yield utils.get_peer_id(post.forward.saved_from_peer)
        yield from self._world.reactions.named(post)
        for entity in post.entities or ():
            if isinstance(entity, types.MessageEntityMentionName):
                yield entity.user_id

    def participants_named(self, update: Any) -> Iterator[int]:
        """The users whom an UpdateChatParticipants names; nobody for any other update."""
        people = getattr(getattr(update, "participants", None), "participants", None)
        for each in people or ():
            yield each.user_id
            if not isinstance(each, types.ChatParticipantCreator):
                yield each.inviter_id

    def event_mentions(self, event: Event, owner: int) -> Iterable[int]:
        """As `mentioned`, for an event of any kind."""
        if isinstance(event.data, Post):
            return self.mentioned(event.data, owner)
        if event.kind in ("rin", "rout", "pins"):
            return [event.data[0]]
        if event.kind == "fold":
            return [peer for peer, _ in event.data]
        return [owner] if is_channel(owner) else []

    def privacy(self, viewer: int, key: str) -> types.UpdatePrivacy:
        """What tells of an account's privacy rules as they are now."""
        rules = self._world.privacy.rules(self._world.accounts[viewer], key)
        return types.UpdatePrivacy(getattr(types, f"PrivacyKey{key}")(), rules)

    def side_mentions(self, event: Event, viewer: int) -> list[int]:
        """As `mentioned`, for a change without a pts."""
        if event.kind == "priv":
            rules = self._world.privacy.rules(self._world.accounts[viewer], event.data[0])
            return [marked for rule in rules for marked in self._world.privacy.named(rule)]
        return [event.data if isinstance(event.data, int) else event.data[0]]

    def container(self, viewer: int, updates: list[Any], mentioned: Iterable[int], *, seq: int = 0) -> types.Updates:
        """An Updates with the users and chats that it needs."""
        users, chats = self._world.peers.entities(viewer, mentioned)
        return types.Updates(updates, users, chats, self._world.now(), seq)

    def dialog(self, viewer: int, dialog: Dialog) -> types.Dialog:
        """One row of the account's chat list."""
        boxes = self._world.boxes
        in_channel = is_channel(dialog.peer)
        box = boxes.box(dialog.peer if in_channel else viewer)
        ids = box.thread(dialog.peer)
        return types.Dialog(
            peer=tl_peer(dialog.peer),
            top_message=ids[-1] if ids else 0,
            read_inbox_max_id=dialog.read_inbox,
            read_outbox_max_id=dialog.read_outbox,
            unread_count=boxes.unread(viewer, dialog),
            unread_mentions_count=len(self._world.mentions.unread(viewer, dialog.peer)),
            unread_reactions_count=len(self._world.reactions.unread(viewer, dialog.peer)),
            unread_poll_votes_count=0,
            notify_settings=types.PeerNotifySettings(),
            pinned=bool(dialog.pinned) or None,
            unread_mark=dialog.unread_mark or None,
            pts=box.pts if in_channel else None,
            folder_id=dialog.folder or None,
            draft=self._world.drafts.get(viewer, dialog.peer),
        )

    def _saved_from(self, post: Post) -> types.TypePeer:
        """https://core.telegram.org/api/saved-messages: whose part of the saved messages it belongs to."""
        return (post.forward and post.forward.saved_from_peer) or tl_peer(post.author)

    def _reply(self, post: Post, owner: int) -> types.MessageReplyHeader | None:
        replied = post.replies.get(owner)
        if not replied:
            return None
        # https://core.telegram.org/api/threads: the head is named where it is not the answered message itself.
        in_topic = self._world.topics.of(post) > GENERAL
        return types.MessageReplyHeader(
            reply_to_msg_id=replied, reply_to_top_id=post.thread or None, forum_topic=in_topic or None
        )


def _named_by(action: Any) -> Iterator[int]:
    """The marked ids of the peers that a service message names."""
    yield from getattr(action, "users", None) or ()
    match action:
        case types.MessageActionChatDeleteUser():
            yield action.user_id
        case types.MessageActionChatMigrateTo():
            yield marked_channel(action.channel_id)
        case types.MessageActionChannelMigrateFrom():
            yield -action.chat_id
