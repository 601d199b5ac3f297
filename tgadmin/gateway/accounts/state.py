"""What an account's connection begins with, read from the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db import connection
from django.db.models import F, Q

from apps.chats.models import Chat, Gap, Peer
from apps.commands.models import CommandSecret
from apps.common.fields import opened
from apps.sessions.models import AuthorizationSecret, ChannelState, Session, UpdateState
from apps.sessions.services import proxies
from apps.signin.models import SignInSecret
from tgadmin.core.encryption import DecryptionError
from tgadmin.core.proxies import Proxy
from tgadmin.core.types import CHANNEL_MARK, Checkpoint, PeerKind
from tgadmin.gateway.accounts.gaps import FOUND
from tgadmin.telegram import Key


class NothingToConnect(Exception):
    """The session, or its auth key, is gone."""


@dataclass(frozen=True)
class Stored:
    """One account as the database has it; ``me`` is (user id, access hash). ``has_gaps``: something must be fetched;
    ``has_stale_unread``: unread counts must be asked for."""

    key: Key
    proxy: Proxy | None
    me: tuple[int, int]
    checkpoint: Checkpoint | None
    channel_hashes: dict[int, int]
    has_gaps: bool
    has_stale_unread: bool


def load_all(wanted: Sequence[tuple[int, int]]) -> list[Stored | Exception]:
    """For each (session id, authorization id) what is stored, or NothingToConnect, or DecryptionError when
    its secret, or its proxy's, cannot be read."""
    ids = [session_id for session_id, _ in wanted]
    users = dict(Session.objects.filter(pk__in=ids).values_list("pk", "telegram_user_id"))
    secrets = _encrypted([authorization_id for _, authorization_id in wanted])
    hashes = _hashes(ids)
    proxy_rows = proxies.load_all(ids)
    checkpoints = _checkpoints(ids)
    gaps = set(Gap.objects.filter(session_id__in=ids, how=FOUND).values_list("session_id", flat=True))
    stale = set(Chat.objects.filter(session_id__in=ids, unread_stale=True).values_list("session_id", flat=True))
    found: list[Stored | Exception] = []
    for session_id, authorization_id in wanted:
        user_id, secret = users.get(session_id), secrets.get(authorization_id)
        if user_id is None or secret is None:
            found.append(NothingToConnect())
            continue
        try:
            key = Key.from_json(opened(secret, "telegram_authorization_secrets", "secret", authorization_id))
        except DecryptionError as error:
            found.append(error)
            continue
        row = proxy_rows.get(session_id)
        if isinstance(row, DecryptionError):  # never around it
            found.append(row)
            continue
        proxy = None if row is None else row.proxy
        me = (user_id, hashes[session_id].pop(user_id, None) or 0)
        checkpoint = checkpoints.get(session_id)
        waiting = (session_id in gaps, session_id in stale)
        found.append(Stored(key, proxy, me, checkpoint, hashes[session_id], *waiting))
    return found


def _encrypted(authorization_ids: list[int]) -> dict[int, bytes]:
    """Not through the model, which would decrypt all of them or none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT authorization_id, secret FROM telegram_authorization_secrets WHERE authorization_id = ANY(%s)",
            [authorization_ids],
        )
        return dict(cursor.fetchall())


def _hashes(session_ids: list[int]) -> defaultdict[int, dict[int, int]]:
    """By session, the access hashes of its channels and of its own user."""
    hashes: defaultdict[int, dict[int, int]] = defaultdict(dict)
    rows = Peer.objects.filter(session_id__in=session_ids).exclude(access_hash=None)
    rows = rows.filter(Q(peer_id__lt=CHANNEL_MARK) | Q(peer_id=F("session__telegram_user_id")))
    for session_id, peer_id, number in rows.values_list("session_id", "peer_id", "access_hash"):
        hashes[session_id][peer_id] = int(number or 0)
    return hashes


def plain(row: AuthorizationSecret | SignInSecret | CommandSecret) -> dict[str, Any]:
    """A row's decrypted secret. Raises DecryptionError."""
    return dict(cast("dict[str, Any]", row.secret))


def _checkpoints(session_ids: list[int]) -> dict[int, Checkpoint]:
    channels: defaultdict[int, dict[int, int]] = defaultdict(dict)
    rows = ChannelState.objects.filter(session_id__in=session_ids)
    for session_id, peer_id, pts in rows.values_list("session_id", "peer_id", "pts"):
        channels[session_id][peer_id] = pts
    states = UpdateState.objects.filter(session_id__in=session_ids)
    return {
        state.session_id: Checkpoint(state.pts, state.qts, state.date, state.seq, channels[state.session_id])
        for state in states
    }


def peer(session_id: int, peer_id: int) -> tuple[PeerKind, int | None] | None:
    """Kind and access hash of a peer the account has seen."""
    found = Peer.objects.filter(session_id=session_id, peer_id=peer_id).values_list("kind", "access_hash").first()
    return None if found is None else (PeerKind(found[0]), found[1])
