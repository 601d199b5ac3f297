"""The admin's first page: what needs attention, key figures, latest activity, what is left to set up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from apps.chats import sight
from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command
from apps.commands.selectors import gateway_is_running
from apps.commands.services import commands
from apps.common.admin.display import badge
from apps.common.explain import Explanation, explain
from apps.demo import services as demo
from apps.sessions import attendance, selectors
from apps.sessions.admin.base import status_badge
from apps.sessions.models import Session, SessionEvent, SessionGrant, SessionStatus
from apps.sessions.services import access, rights
from apps.signin.selectors import open_attempts
from apps.signin.services.rights import visible_attempts
from apps.staff.selectors import authenticator_of

LATEST = 12
MOST = 6
"""Lines of one sort under what needs attention."""
DAY = timedelta(hours=24)


def index(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's hook: adds what the page shows. The number of queries does not grow with the rows."""
    user: Any = request.user
    visible = rights.visible_sessions(user)
    counts = selectors.status_counts(visible)
    demo_state = demo.state(user) if rights.may_add_account(user) else None
    managed = rights.managed_sessions(user).filter(pk=OuterRef("session_id"))
    timeline = SessionEvent.objects.filter(session__in=visible).select_related("session", "user")
    timeline = timeline.annotate(is_managed=Exists(managed))[:LATEST]
    attention = selectors.needing_attention(visible)
    waiting = list(open_attempts(visible_attempts(user)))
    context |= {
        "title": "Overview",
        "running": gateway_is_running(),
        "attention": [_line(session) for session in attention[:MOST]],
        "attention_more": max(0, len(attention) - MOST),
        "strange": list(selectors.strange_devices(visible)[:MOST]),
        "access": list(access.open_requests(user)[:MOST]),
        "sign_ins": waiting[:MOST],
        "sign_ins_more": max(0, len(waiting) - MOST),
        "figures": _figures(user, visible, counts),
        "latest": [(event, selectors.event_text(event, facts=event.is_managed)) for event in timeline],
        "may_add": rights.may_add_account(user),
        "demo": demo_state,
        "checklist": _checklist(user, counts, demo_state),
    }
    return context


def _line(session: Session) -> tuple[Session, str, Explanation | None]:
    """A session that needs attention: its status, or the wait that Telegram asks for."""
    status = attendance.shown_status(session)
    if status in selectors.ATTENTION:
        return session, status_badge(session), explain(session.status_code)
    if status == attendance.NO_GATEWAY:
        return session, status_badge(session), None
    return session, badge("warn", "hourglass_top", "Flood wait"), None


def _figures(user: Any, visible: Any, counts: dict[str, int]) -> list[tuple[str, str, str]]:
    """(name, number, note), each of the sessions that the user sees."""
    since = timezone.now() - DAY
    chats = (
        sight.chats(user)
        .filter(session__in=visible)
        .aggregate(
            unread=Sum("unread_count"),
            waiting=Count("pk", filter=Q(unread_count__gt=0)),
            active=Count("pk", filter=Q(last_message_at__gt=since)),
            all=Count("pk"),
        )
    )
    # From the commands, which are indexed by when they ended: the messages themselves may be millions.
    sent = Command.objects.filter(session__in=visible, kind=CommandKind.SEND, settled_at__gt=since).aggregate(
        done=Count("pk", filter=Q(state=Command.State.DONE)), failed=Count("pk", filter=Q(state=Command.State.FAILED))
    )
    waiting = Command.objects.filter(session__in=visible, state__in=commands.OPEN).count()
    total, ready = sum(counts.values()), counts.get(SessionStatus.READY, 0)
    return [
        ("Accounts ready", f"{ready} of {total}", _ready_note(ready, total)),
        ("Unread", str(chats["unread"] or 0), f"in {chats['waiting']} chats"),
        ("Chats active, 24 h", str(chats["active"]), f"of {chats['all']}"),
        ("Sent from here, 24 h", str(sent["done"]), f"{sent['failed']} failed" if sent["failed"] else "none failed"),
        ("Commands waiting", str(waiting), ""),
    ]


def _ready_note(ready: int, total: int) -> str:
    if not total:
        return "none signed in yet"
    return "all connected" if ready == total else f"{total - ready} not ready"


def _checklist(user: Any, counts: dict[str, int], demo_state: demo.State | None) -> list[tuple[str, bool, str, str]]:
    """(what, done, address, link's text); empty once everything is done."""
    signed_in = sum(counts.values()) > counts.get(SessionStatus.SIGNING_IN, 0)
    adds = rights.may_add_account(user)
    has_factor = authenticator_of(user) is not None
    shared = not user.is_superuser or SessionGrant.objects.exclude(user=user).exists()
    steps = [
        ("Sign in to tgadmin", True, "", ""),
        (
            "Sign a Telegram account in",
            signed_in,
            reverse("signin:start") if adds else "",
            "Add account",
        ),
        ("Add a second factor to your sign-in", has_factor, reverse("staff:add"), "Add"),
    ]
    if user.is_superuser:  # who else cannot
        steps.append(("Add a colleague", shared, reverse("colleagues:add"), "Add colleague"))
    # The second factor is offered, not asked for: alone it keeps no list open.
    return [] if signed_in and shared else steps
