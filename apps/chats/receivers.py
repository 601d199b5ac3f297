"""What the chats app adds to transactions of the signin app."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from apps.chats.models import Peer
from apps.sessions.models import Session
from apps.signin.signals import account_signed_in
from tgadmin.core import types


@receiver(account_signed_in)
def keep_own_peer(session: Session, profile: types.Peer, **kwargs: Any) -> None:
    """The account's own peer, with the new key's access hash."""
    Peer.objects.update_or_create(
        session=session,
        peer_id=profile.id,
        defaults={
            "kind": profile.kind.value,
            "name": profile.name[:255],
            "username": profile.username[:64],
            "phone": profile.phone[:20],
            "access_hash": profile.access_hash,
            "is_self": True,
        },
    )
