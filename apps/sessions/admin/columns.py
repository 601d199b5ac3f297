"""How an account is shown in the admin: the columns of the list and the fields of its page."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.common.admin.display import clock, moment
from apps.common.explain import explain
from apps.sessions import selectors
from apps.sessions.admin.base import status_badge
from apps.sessions.models import Session
from tgadmin.core import phones


def _life(session: Session) -> dict[str, Any]:
    """selectors.life, read once for a page."""
    if not hasattr(session, "_life"):
        session._life = selectors.life(session)  # type: ignore[attr-defined]  # noqa: SLF001
    return dict(session._life)  # type: ignore[attr-defined]  # noqa: SLF001


class SessionColumns:
    """What SessionAdmin lists and shows of a session."""

    @display(description="Name", ordering="name")
    def account(self, session: Session) -> SafeString:
        known_as = " · ".join(
            part for part in (session.profile_name, session.username and f"@{session.username}") if part
        )
        return format_html(
            '<div class="tg-stack"><b dir="auto">{}</b><span class="tg-sub" dir="auto">{}</span></div>',
            session.name,
            known_as or "–",
        )

    @display(description="Phone")
    def phone_number(self, session: Session) -> SafeString:
        return format_html('<bdi class="tg-num">{}</bdi>', phones.masked(session.phone) or "–")

    @display(description="Status", ordering="status")
    def status_shown(self, session: Session) -> SafeString:
        known = explain(session.status_code)
        if known is None:
            return status_badge(session)
        return format_html(
            '<div class="tg-stack">{}<span class="tg-sub">{}</span></div>', status_badge(session), known.message
        )

    @display(description="Since", ordering="status_since")
    def since(self, session: Session) -> SafeString | str:
        return moment(session.status_since)

    @display(description="Next try")
    def retry(self, session: Session) -> SafeString | str:
        return moment(session.retry_at)

    @display(description="Last update", ordering="last_update_at")
    def last_update(self, session: Session) -> SafeString | str:
        return moment(session.last_update_at)

    @display(description="Last used")
    def last_used(self, session: Session) -> SafeString | str:
        return moment(_life(session)["used_at"])

    @display(description="Authorization since")
    def key_age(self, session: Session) -> SafeString | str:
        return moment(_life(session)["since"])

    @display(description="Ends if unused")
    def expiry(self, session: Session) -> SafeString | str:
        life = _life(session)
        if life["expires_at"] is None:
            return "–"
        return format_html(
            "{} <span class='tg-sub'>after {} days without use</span>", moment(life["expires_at"]), life["ttl"]
        )

    @display(description="Flood wait")
    def flood_wait(self, session: Session) -> SafeString | str:
        until = getattr(session, "flood_until", None)
        return "–" if until is None else format_html("<span>until {}</span>", clock(until))

    @display(description="Gateway")
    def gateway(self, session: Session) -> str:
        lease = getattr(session, "lease", None)
        return "–" if lease is None or lease.owner is None else lease.owner.name

    @display(description="Data centre")
    def data_centre(self, session: Session) -> str:
        return "–" if session.dc_id is None else f"{session.dc_id} ({session.network})"

    @display(description="Added")
    def made(self, session: Session) -> SafeString | str:
        if session.created_by is None:
            return moment(session.created_at)
        return format_html("{} by {}", moment(session.created_at), session.created_by.get_username())
