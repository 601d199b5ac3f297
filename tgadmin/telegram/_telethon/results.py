"""Results of our own requests as the updates that Telegram sends to the account's other devices for them."""

from __future__ import annotations

from typing import Any

from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812
from telethon._updates.messagebox import epoch

UNREAD_NOT_SAID = -1
"""``still_unread_count`` of a read mark that we made of a result: Telegram did not say it."""

_WRAPPERS = (
    F.InvokeWithLayerRequest,
    F.InitConnectionRequest,
    F.InvokeWithoutUpdatesRequest,
    F.InvokeAfterMsgRequest,
    F.InvokeWithTakeoutRequest,
)
_AFFECTED = (T.messages.AffectedMessages, T.messages.AffectedHistory, T.messages.AffectedFoundMessages)


def unwrap(request: Any) -> Any:
    """The request itself, without the layers around it."""
    while isinstance(request, _WRAPPERS):
        request = request.query
    return request


def name_of(request: Any) -> str:
    """The request's name as Telegram writes it: ``messages.sendMessage``."""
    kind = type(unwrap(request))
    name = kind.__name__.removesuffix("Request")
    space = kind.__module__.rpartition(".")[2]
    name = name[:1].lower() + name[1:]
    return name if space == "functions" else f"{space}.{name}"


def as_update(request: Any, result: Any) -> Any | None:
    """What a result changes, as an update of Telegram's, or None where Telethon's own way does.

    A deletion's or a read's result only bears pts; updateShortSentMessage bears neither peer, text nor random_id: each
    is completed by its request. Channels' pts must not be booked as the account's.
    """
    request = unwrap(request)
    if isinstance(result, _AFFECTED):
        return T.UpdateShort(_affected(request, result), epoch())
    if isinstance(result, T.UpdateShortSentMessage):
        result._request = request
        return result
    if result is True and isinstance(request, F.channels.ReadHistoryRequest):
        update = T.UpdateReadChannelInbox(_channel_id(request.channel), request.max_id, UNREAD_NOT_SAID, pts=0)
        return T.UpdateShort(update, epoch())
    return None


def _affected(request: Any, result: Any) -> Any:
    if isinstance(request, F.messages.ReadHistoryRequest) and (peer := _peer(request.peer)) is not None:
        return T.UpdateReadHistoryInbox(peer, request.max_id, UNREAD_NOT_SAID, result.pts, result.pts_count)
    deletes = isinstance(request, (F.messages.DeleteMessagesRequest, F.channels.DeleteMessagesRequest))
    ids = list(request.id) if deletes else []
    channel = _channel_id(getattr(request, "channel", None) or getattr(request, "peer", None))
    if channel is not None:
        return T.UpdateDeleteChannelMessages(channel, ids, result.pts, result.pts_count)
    return T.UpdateDeleteMessages(ids, result.pts, result.pts_count)


def _channel_id(peer: Any) -> int | None:
    channel_id: int | None = getattr(peer, "channel_id", None)
    return channel_id


def _peer(peer: Any) -> Any | None:
    if isinstance(peer, T.InputPeerUser):
        return T.PeerUser(peer.user_id)
    if isinstance(peer, T.InputPeerChat):
        return T.PeerChat(peer.chat_id)
    return None
