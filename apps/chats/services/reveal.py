"""The code in a message of Telegram's own account, for one manager who asked for it: told to them, and on record."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from apps.chats import sight
from apps.chats.models import Message, MessageSecret
from apps.chats.payloads import Entity, RevealedText
from apps.staff.roles import Role
from apps.staff.services.audit import audit
from tgadmin.core.errors import UserError


@transaction.atomic
def reveal(user: User, message: Message) -> RevealedText:
    """Text and entities as Telegram sent them. What is returned goes to the asking page only, and nowhere else.

    Raises Forbidden, UserError (nothing is hidden there, the keys are missing).
    """
    sight.require(user, message.chat, Role.MANAGER, message)
    kept = MessageSecret.objects.filter(message=message).first()
    if kept is None:
        raise UserError("NO_CODE", "Nothing is hidden in this message.")
    original: Any = kept.secret
    audit(user, "message.code_shown", message.chat.session, message=message.pk)
    entities = [
        Entity(kind=kind, offset=offset, length=length, extra=extra)
        for kind, offset, length, extra in original["entities"]
    ]
    return RevealedText(text=original["text"], entities=entities)
