"""New messages as Telegram pushes most of them: without the objects of the people, which the client has already.

https://core.telegram.org/constructor/updateShortMessage, https://core.telegram.org/constructor/updateShortChatMessage
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telethon.tl import types
from telethon.tl.patched import Message

if TYPE_CHECKING:
    from sandbox.world.box import Box, Event

EARLIER = 20
"""Messages of the chat among which an earlier one of the same author has to be: then the client has met them."""


def short(update: Any, event: Event, box: Box) -> types.UpdateShortMessage | types.UpdateShortChatMessage | None:
    """The update of a new message in an account's box in its short form; None where it has none: it bears more than a
    text, or names people whom the client need not know."""
    if event.kind != "new" or not isinstance(update, types.UpdateNewMessage) or not _is_plain(update.message):
        return None
    message = update.message
    if not _is_known(event, box):
        return None
    shared: dict[str, Any] = {
        "id": message.id,
        "message": message.message,
        "pts": update.pts,
        "pts_count": update.pts_count,
        "date": message.date,
        "out": message.out,
        "mentioned": message.mentioned,
        "media_unread": message.media_unread,
        "silent": message.silent,
        "reply_to": message.reply_to,
        "entities": message.entities,
        "ttl_period": message.ttl_period,
    }
    if isinstance(message.peer_id, types.PeerUser):
        return types.UpdateShortMessage(user_id=message.peer_id.user_id, **shared)
    return types.UpdateShortChatMessage(from_id=event.data.author, chat_id=message.peer_id.chat_id, **shared)


def _is_plain(message: Any) -> bool:
    """Whether the short form has a field for everything in the message."""
    if not isinstance(message, Message) or not isinstance(message.peer_id, types.PeerUser | types.PeerChat):
        return False
    more = (message.media, message.fwd_from, message.reactions, message.saved_peer_id, message.from_scheduled)
    named = any(isinstance(each, types.MessageEntityMentionName) for each in message.entities or ())
    return not named and not any(more) and not (message.edit_date or message.pinned or message.invert_media)


def _is_known(event: Event, box: Box) -> bool:
    post = event.data
    earlier = box.thread(post.peer(box.owner))[-EARLIER - 1 : -1]
    return any(box.posts[each].author == post.author for each in earlier if each in box.posts)
