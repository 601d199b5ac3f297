"""Commands, flood waits, leases and gateways in the admin; what the background tasks could not do."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.decorators import display

from apps.sessions import selectors
from apps.sessions.admin.base import ReadOnlyAdmin, VisibleSessionFilter, badge, clock, moment, shown_json
from apps.sessions.models import Command, FloodWait, Lease, Node, Role
from apps.sessions.services import rights
from apps.sessions.services.commands import OFFICIAL_LANES
from tgadmin.core.official import OFFICIAL

_COMMAND_LOOKS = {
    Command.State.QUEUED: ("info", "schedule"),
    Command.State.CLAIMED: ("info", "sync"),
    Command.State.DONE: ("ok", "check_circle"),
    Command.State.FAILED: ("bad", "error"),
    Command.State.CANCELLED: ("off", "cancel"),
}


class OfSessionAdmin(ReadOnlyAdmin):
    """Rows that name their session. ``for_managers``: those about chats with Telegram's own accounts."""

    list_select_related: Any = ("session",)
    for_managers: Q | None = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related(*self.list_select_related)
        return rows if self.for_managers is None else rights.hiding_telegram(rows, request.user, self.for_managers)

    @display(description="Account", ordering="session__name")
    def account(self, row: Any) -> SafeString:
        return format_html('<span dir="auto">{}</span>', row.session.name)


@admin.register(Command)
class CommandAdmin(OfSessionAdmin):
    list_display = ("id", "account", "kind", "lane", "state_shown", "attempts", "who", "created", "settled")
    list_filter = ("state", "kind", VisibleSessionFilter)
    search_fields = ("session__name", "kind", "lane", "error_code")
    for_managers = Q(lane__in=OFFICIAL_LANES)
    ordering = ("-id",)
    list_select_related = ("session", "created_by")
    fields = ("account", "kind", "lane", "state_shown", "meaning", "attempts", "waits", "who", "created", "settled")
    readonly_fields = (*fields, "arguments", "answer")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """What was asked for exactly, and answered, is for the account's managers."""
        manages = isinstance(obj, Command) and rights.role(request.user, obj.session_id) == Role.MANAGER
        return (*self.fields, "arguments", "answer") if manages else self.fields

    @display(description="Asked for")
    def arguments(self, command: Command) -> str:
        return shown_json(command.payload)

    @display(description="Answer")
    def answer(self, command: Command) -> str:
        return shown_json(command.result)

    @display(description="State", ordering="state")
    def state_shown(self, command: Command) -> SafeString:
        kind, icon = _COMMAND_LOOKS.get(Command.State(command.state), ("off", "help"))
        return format_html(
            '{} <span class="tg-code">{}</span>', badge(kind, icon, command.get_state_display()), command.error_code
        )

    @display(description="Meaning")
    def meaning(self, command: Command) -> str:
        known = selectors.explain(command.error_code)
        return "–" if known is None else f"{known.says} {known.next_step}"

    @display(description="Not before")
    def waits(self, command: Command) -> SafeString | str:
        return moment(command.not_before)

    @display(description="Asked by", ordering="created_by__username")
    def who(self, command: Command) -> str:
        if command.created_by is not None:
            return command.created_by.get_username()
        return "the system" if command.origin == Command.Origin.SYSTEM else f"{command.asked_by or '–'} (no user now)"

    @display(description="Asked", ordering="created_at")
    def created(self, command: Command) -> SafeString | str:
        return moment(command.created_at)

    @display(description="Settled", ordering="settled_at")
    def settled(self, command: Command) -> SafeString | str:
        return moment(command.settled_at)


@admin.register(FloodWait)
class FloodWaitAdmin(OfSessionAdmin):
    list_display = ("account", "method", "where", "until_shown", "code", "noted")
    list_filter = (VisibleSessionFilter, "method")
    search_fields = ("session__name", "method", "code")
    for_managers = Q(peer_id__in=OFFICIAL)
    ordering = ("-until",)
    fields = list_display
    readonly_fields = list_display

    @display(description="Where", ordering="peer_id")
    def where(self, wait: FloodWait) -> str:
        return "whole account" if wait.peer_id == 0 else f"chat {wait.peer_id}"

    @display(description="Until", ordering="until")
    def until_shown(self, wait: FloodWait) -> SafeString:
        look = ("warn", "hourglass_top", "waits") if wait.until > timezone.now() else ("off", "check", "over")
        return format_html("{} {}", clock(wait.until), badge(*look))

    @display(description="Noted", ordering="noted_at")
    def noted(self, wait: FloodWait) -> SafeString | str:
        return moment(wait.noted_at)


@admin.register(Lease)
class LeaseAdmin(OfSessionAdmin):
    list_display = ("account", "holder", "fence", "taken")
    list_filter = (VisibleSessionFilter,)
    search_fields = ("session__name",)
    ordering = ("session_id",)
    list_select_related = ("session", "owner")
    fields = list_display
    readonly_fields = list_display

    @display(description="Gateway", ordering="owner__name")
    def holder(self, lease: Lease) -> str:
        return "free" if lease.owner is None else lease.owner.name

    @display(description="Taken", ordering="taken_at")
    def taken(self, lease: Lease) -> SafeString | str:
        return moment(lease.taken_at)


class SuperuserAdmin(ReadOnlyAdmin):
    """What belongs to no account: for superusers."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super(ReadOnlyAdmin, self).get_queryset(request)
        return rows if request.user.is_superuser else rows.none()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)


@admin.register(Node)
class NodeAdmin(SuperuserAdmin):
    list_display = ("name", "host", "pid", "version", "held", "capacity", "started", "beaten")
    search_fields = ("name", "host")
    ordering = ("name",)
    fields = ("id", *list_display)
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(held_count=Count("leases"))

    @display(description="Sessions held", ordering="held_count")
    def held(self, node: Node) -> int:
        return int(getattr(node, "held_count", 0))

    @display(description="Started", ordering="started_at")
    def started(self, node: Node) -> SafeString | str:
        return moment(node.started_at)

    @display(description="Last beat", ordering="beat_at")
    def beaten(self, node: Node) -> SafeString:
        alive = timezone.now() - node.beat_at < selectors.BEATS_WITHIN
        look = ("bad", "error", "silent")
        if alive:
            look = ("warn", "logout", "stopping") if node.stopping else ("ok", "check_circle", "beating")
        return format_html("{} {}", badge(*look), moment(node.beat_at))


for model in (Failure, OrmQ, Schedule, Success):  # a schedule's form could call any function of the process
    admin.site.unregister(model)


@admin.register(Failure)
class FailureAdmin(SuperuserAdmin):
    list_display = ("name", "func", "begun", "stopped", "attempt_count")
    search_fields = ("name", "func")
    ordering = ("-stopped",)
    fields = (*list_display, "result")
    readonly_fields = fields

    @display(description="Started", ordering="started")
    def begun(self, failure: Failure) -> SafeString | str:
        return moment(failure.started)


@admin.register(Schedule)
class ScheduleAdmin(SuperuserAdmin):
    list_display = ("name", "func", "schedule_type", "repeats", "next_run")
    ordering = ("name",)
    fields = list_display
    readonly_fields = list_display
