"""What an account's page and its row in the list offer: the one action that helps as the account is now, the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from unfold.enums import ActionVariant

from apps.sessions import attendance
from apps.sessions.models import Session, SessionStatus

HELP: dict[str, str] = {
    SessionStatus.NEEDS_SIGN_IN: "sign_in_again",
    SessionStatus.CONNECTION_FAILED: "proxy",
    SessionStatus.DISABLED: "enable",
}
"""By shown status: the action that helps. What another has is not helped by a button here."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A button or a line of the menu. ``asks``: it opens a dialog."""

    name: str
    title: str
    icon: str
    address: str
    asks: bool
    is_danger: bool


def offer(admin: Any, name: str, session: Session) -> Offer:
    """An action of the account's admin, by its name."""
    action = admin.get_unfold_action(name)
    return Offer(
        name,
        action.description,
        action.icon or "",
        reverse(f"admin:{action.action_name}", args=(session.pk,)),
        action.dialog is not None,
        action.variant is ActionVariant.DANGER,
    )


def helping(session: Session) -> str | None:
    """The name of the action that helps the account as it is now; None: there is none."""
    return HELP.get(attendance.shown_status(session))


def has_chats(session: Session) -> bool:
    """Whether it has been signed in, so that there may be something to read."""
    return session.telegram_user_id is not None


def head(admin: Any, session: Session, allowed: Iterable[str]) -> dict[str, Any]:
    """For the head of the account's page: ``allowed`` are the names of what the user may do, in the menu's order."""
    offers = [offer(admin, name, session) for name in allowed]
    helps = helping(session)
    return {
        "first": next((one for one in offers if one.name == helps), None),
        "reveal": next((one for one in offers if one.name == "reveal_phone"), None),
        "others": [one for one in offers if one.name not in (helps, "reveal_phone")],
        "has_chats": has_chats(session),
    }
