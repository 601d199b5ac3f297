"""What the admin's pages and the commands read of accounts."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import Case, DateTimeField, F, Max, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Lower, Now

from apps.commands.command_kinds import DEVICES_LANE, CommandKind
from apps.commands.models import Command, FloodWait
from apps.commands.services import commands
from apps.common.explain import explain
from apps.sessions import attendance
from apps.sessions.models import Authorization, Device, Session, SessionEvent, SessionProxy, SessionStatus, TimelineKind
from apps.sessions.services import devices
from tgadmin.core.official import OFFICIAL
from tgadmin.core.proxies import Proxy

TIMELINE_LENGTH = 50

ATTENTION = (SessionStatus.NEEDS_SIGN_IN, SessionStatus.BANNED, SessionStatus.CONNECTION_FAILED)

CONNECTED = (SessionStatus.READY, SessionStatus.SYNCING)


class SyncProgress(NamedTuple):
    """How many chats of an account are stored, how many Telegram counts (0: it has not said), and whether the list is
    complete."""

    chats: int
    total: int
    is_complete: bool


def sync_progress(session: Session) -> SyncProgress:
    asked = Command.objects.filter(session=session, kind=CommandKind.DIALOGS, state__in=commands.OPEN)
    progress = list(asked.order_by("id").values_list("progress", flat=True)[:1])
    total = int((progress[0] or {}).get("total", 0)) if progress else 0
    chats: int = session.chats.count()
    return SyncProgress(chats, max(chats, total) if total else 0, not progress)


def for_list(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """With what a list of sessions shows: the owner gateway, the longest flood wait of the whole account, and how bad
    it is."""
    waits = FloodWait.objects.filter(session=OuterRef("pk"), until__gt=Now()).order_by("-until").values("until")[:1]
    sessions = attendance.with_attendance(sessions).select_related("lease__owner")
    return worst_first(sessions.annotate(flood_until=Subquery(waits, output_field=DateTimeField())))


def detail(session: Session, *, facts: bool) -> dict[str, Any]:
    """Everything that a session's page shows beside its own row, in a fixed number of queries; ``facts`` of the
    timeline, and what is about chats with Telegram's own accounts, are for managers."""
    timeline = SessionEvent.objects.filter(session=session).select_related("user")[:TIMELINE_LENGTH]
    waiting = Command.objects.filter(session=session, state__in=commands.OPEN).select_related("created_by")
    floods = FloodWait.objects.filter(session=session, until__gt=Now()).order_by("until")
    if not facts:
        waiting = waiting.exclude(lane__in=commands.OFFICIAL_LANES)
        floods = floods.exclude(peer_id__in=OFFICIAL)
    return {
        "timeline": [(event, event_text(event, facts=facts)) for event in timeline],
        "authorizations": list(Authorization.objects.filter(session=session)),
        "waiting": list(waiting.order_by("id")[:TIMELINE_LENGTH]),
        "waiting_count": waiting.count(),
        "check": check_facts(session),
        "proxy": proxy_facts(session),
        "devices": device_facts(session),
        "access": list(session.access_requests.filter(decided_at=None).select_related("user")),
        "life": life(session),
        "floods": list(floods),
    }


def device_facts(session: Session) -> dict[str, Any]:
    """The account's devices (ours first, then the last used), what was asked last, and what may be asked now."""
    rows = sorted(
        Device.objects.filter(session=session).select_related("known_by"),
        key=lambda device: (not device.is_current, not device.is_strange, -device.active_at.timestamp()),
    )
    last = Command.objects.filter(session=session, lane=DEVICES_LANE.of()).order_by("-id").first()
    failed = last is not None and last.state == Command.State.FAILED
    return {
        "rows": rows,
        "others": sum(not device.is_current for device in rows),
        "strange": [device for device in rows if device.is_strange],
        "seen_at": session.devices_at,
        "ttl": session.authorization_ttl_days,
        "may_end_at": devices.may_end_at(session),
        "last": last,
        "waits": last is not None and not commands.is_over(last),
        "refused": explain(last.error_code) if last is not None and failed else None,
    }


def check_facts(session: Session) -> dict[str, Any]:
    """The last time that Telegram was asked for the account's whole chat list, and what came of it. ``waits``: it is
    not over; ``held_by``: why it has not begun ("": nothing is in its way)."""
    asked = Command.objects.filter(session=session, kind=CommandKind.DIALOGS).select_related("created_by")
    last = asked.order_by("-id").first()
    waits = last is not None and not commands.is_over(last)
    status = attendance.shown_status(session)
    listed = (last.result or last.progress or {}) if last is not None else {}
    return {
        "last": last,
        "waits": waits,
        "held_by": "" if not waits or status in CONNECTED else attendance.label(status),
        "until": last.not_before if last is not None and waits else None,
        "shown_at": last and (last.settled_at or last.created_at),
        "chats": listed.get("chats", 0),
        "total": listed.get("total", 0),
        "took": round((last.settled_at - last.claimed_at).total_seconds())
        if last is not None and last.settled_at and last.claimed_at
        else None,
        "refused": explain(last.error_code) if last is not None and last.state == Command.State.FAILED else None,
    }


def strange_devices(sessions: QuerySet[Session]) -> QuerySet[Device]:
    """Devices that were added elsewhere and that no manager has classified, the newest first."""
    found = Device.objects.filter(session__in=sessions, noticed_at__isnull=False, known_at=None)
    return found.select_related("session").order_by("-noticed_at")


def life(session: Session) -> dict[str, Any]:
    """How long the account's authorization has been here, when it was last used, and when Telegram would end it if
    nobody used it from now on."""
    current = Authorization.objects.filter(session=session, role=Authorization.Role.CURRENT).first()
    done = Command.objects.filter(session=session, state=Command.State.DONE, settled_at__isnull=False)
    last = done.order_by("-settled_at").values_list("settled_at", flat=True).first()
    used = max((at for at in (last, session.last_update_at, current and current.created_at) if at), default=None)
    ttl = session.authorization_ttl_days
    expires = used + timedelta(days=ttl) if used is not None and ttl and current is not None else None
    return {"since": current and current.created_at, "used_at": used, "expires_at": expires, "ttl": ttl}


def proxy_facts(session: Session) -> dict[str, Any]:
    """The account's proxy (None: none), what its last try said, and the change that was asked for last."""
    row = SessionProxy.objects.filter(session=session).select_related("set_by").first()
    asked = Command.objects.filter(session=session, kind__in=(CommandKind.PROXY_SET, CommandKind.PROXY_TRY))
    last = asked.order_by("-id").first()
    result = last.result if last is not None and isinstance(last.result, dict) else {}
    return {
        "row": row,
        "address": "" if row is None else Proxy.shown(row.host, row.port),
        "trouble": None if row is None else explain(row.error_code),
        "last": last,
        "is_change": last is not None and last.kind == CommandKind.PROXY_SET,
        "waits": last is not None and not commands.is_over(last),
        "ok": bool(result.get("ok")),
        "result": result,
        "refused": explain(str(result.get("error") or (last.error_code if last is not None else ""))),
    }


def event_text(event: SessionEvent, *, facts: bool) -> str:
    """A line of the timeline in words; its ``facts`` (``detail``: to whom, which, why) are for managers."""
    if event.kind.startswith("status."):
        status = event.kind.removeprefix("status.")
        return SessionStatus(status).label if status in SessionStatus.values else status
    if event.kind not in TimelineKind.values:
        return event.kind
    kind = TimelineKind(event.kind)
    return kind.label + _facts(kind, event.detail or {}) if facts else kind.label


def _facts(kind: TimelineKind, detail: dict[str, Any]) -> str:
    match kind:
        case TimelineKind.GRANTED:
            return f": {detail.get('to', '')}, {detail.get('role', '')}"
        case TimelineKind.DEVICE_NEW | TimelineKind.DEVICE_GONE | TimelineKind.DEVICE_KNOWN | TimelineKind.DEVICE_ENDED:
            where = f", {detail['where']}" if detail.get("where") else ""
            return f": {detail.get('device', '')}{where}"
        case TimelineKind.DEVICES_TTL:
            return f" {detail.get('days', '')} days"
        case TimelineKind.COMMAND_REFUSED | TimelineKind.ACCESS_DECLINED:
            return f": {', '.join(filter(None, [str(detail.get('who', '')), detail.get('command')]))}"
        case TimelineKind.EXPORTED:
            return f": {detail.get('reason', '')}"
        case TimelineKind.REVOKED:
            return f": {detail.get('of', '')}"
        case _:
            return ""


def needing_attention(sessions: QuerySet[Session]) -> list[Session]:
    """Those that need a person, worst first, those that no gateway looks after, and those that Telegram makes wait."""
    waiting = Q(flood_waits__until__gt=Now(), flood_waits__peer_id=0, enabled=True)
    found = attendance.with_attendance(sessions).filter(Q(status__in=ATTENTION) | waiting | Q(is_unattended=True))
    found = found.annotate(flood_until=Max("flood_waits__until", filter=waiting))
    return list(worst_first(found).order_by(F("badness"), Lower("name"), "id"))


def worst_first(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """With ``badness``, to sort by: what needs a person, no gateway, what Telegram makes wait, all others. They have
    ``is_unattended`` and ``flood_until``."""
    placed = [When(status=status, then=Value(place)) for place, status in enumerate(ATTENTION)]
    waits = When(flood_until__isnull=False, enabled=True, then=Value(len(ATTENTION) + 1))
    away = When(is_unattended=True, then=Value(len(ATTENTION)))
    return sessions.annotate(badness=Case(away, *placed, waits, default=Value(len(ATTENTION) + 2)))


def status_counts(sessions: QuerySet[Session]) -> dict[str, int]:
    """How many have each status, as it is shown."""
    found = attendance.with_attendance(sessions.order_by())
    return dict(Counter(attendance.shown_status(session) for session in found.only("status")))
