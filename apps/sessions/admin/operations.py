"""Accounts' commands, flood waits and leases in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.commands.models import Command, FloodWait, Lease
from apps.commands.services.commands import OFFICIAL_LANES
from apps.common.admin.display import badge, clock, moment, shown_json
from apps.common.explain import explain
from apps.sessions.admin.base import OfAccountAdmin, VisibleSessionFilter
from apps.sessions.services import rights
from apps.staff.roles import Role
from tgadmin.core.official import OFFICIAL

_COMMAND_STYLES = {
    Command.State.QUEUED: ("info", "schedule"),
    Command.State.CLAIMED: ("info", "sync"),
    Command.State.DONE: ("ok", "check_circle"),
    Command.State.FAILED: ("bad", "error"),
    Command.State.CANCELLED: ("off", "cancel"),
}


@admin.register(Command)
class CommandAdmin(OfAccountAdmin):
    empty = "No commands yet: each thing that is asked of Telegram is listed here."
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
        kind, icon = _COMMAND_STYLES.get(Command.State(command.state), ("off", "help"))
        return format_html(
            '{} <span class="tg-code">{}</span>', badge(kind, icon, command.get_state_display()), command.error_code
        )

    @display(description="Meaning")
    def meaning(self, command: Command) -> str:
        known = explain(command.error_code)
        return "–" if known is None else f"{known.message} {known.next_step}"

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
class FloodWaitAdmin(OfAccountAdmin):
    empty = "No waits: Telegram asks no account to slow down."
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
class LeaseAdmin(OfAccountAdmin):
    empty = "No leases: no gateway holds an account."
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
