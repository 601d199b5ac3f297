"""What an account's connection begins with, read from the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from apps.chats.models import Chat, Peer
from apps.sessions.models import (
    AuthorizationSecret,
    ChannelState,
    CommandSecret,
    Session,
    SignInSecret,
    UpdateState,
)
from apps.sessions.services import proxies
from tgadmin.core.proxies import Proxy
from tgadmin.core.types import CHANNEL_MARK, Checkpoint, PeerKind
from tgadmin.telegram.network import Key


class NothingToConnect(Exception):  # noqa: N818  what was found
    """The session, or its auth key, is gone."""


@dataclass(frozen=True)
class Stored:
    """One account as the database has it; ``me`` is (user id, access hash)."""

    key: Key
    proxy: Proxy | None
    me: tuple[int, int]
    checkpoint: Checkpoint | None
    channel_hashes: dict[int, int]
    has_chats: bool


def load(session_id: int, authorization_id: int) -> Stored:
    """Raises NothingToConnect, and DecryptionError when no configured key decrypts the secret."""
    session = Session.objects.filter(pk=session_id).first()
    secret = AuthorizationSecret.objects.filter(authorization_id=authorization_id).first()
    if session is None or secret is None or session.telegram_user_id is None:
        raise NothingToConnect
    me = Peer.objects.filter(session=session, peer_id=session.telegram_user_id).values_list("access_hash", flat=True)
    proxy = proxies.load(session_id)
    hashes = Peer.objects.filter(session=session, peer_id__lt=CHANNEL_MARK).exclude(access_hash=None)
    return Stored(
        key=Key.from_json(plain(secret)),
        proxy=None if proxy is None else proxy.proxy,
        me=(session.telegram_user_id, me.first() or 0),
        checkpoint=_checkpoint(session_id),
        channel_hashes={peer_id: int(number or 0) for peer_id, number in hashes.values_list("peer_id", "access_hash")},
        has_chats=Chat.objects.filter(session=session).exists(),
    )


def plain(row: AuthorizationSecret | SignInSecret | CommandSecret) -> dict[str, Any]:
    """A row's decrypted secret. Raises DecryptionError."""
    return dict(cast("dict[str, Any]", row.secret))


def _checkpoint(session_id: int) -> Checkpoint | None:
    state = UpdateState.objects.filter(session_id=session_id).first()
    if state is None:
        return None
    channels = dict(ChannelState.objects.filter(session_id=session_id).values_list("peer_id", "pts"))
    return Checkpoint(state.pts, state.qts, state.date, state.seq, channels)


def peer(session_id: int, peer_id: int) -> tuple[PeerKind, int | None] | None:
    """Kind and access hash of a peer the account has seen."""
    found = Peer.objects.filter(session_id=session_id, peer_id=peer_id).values_list("kind", "access_hash").first()
    return None if found is None else (PeerKind(found[0]), found[1])
