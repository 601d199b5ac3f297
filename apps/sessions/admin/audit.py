"""The audit in the admin: to read and to search.

Superusers read all of it; an account's managers what was done to that account; nobody else anything.
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from apps.common.admin.display import moment
from apps.sessions.admin.base import VisibleAccountsAdmin, VisibleSessionFilter
from apps.sessions.services import rights
from apps.staff.models import AuditEntry
from apps.staff.roles import Role

SPOKEN = {"session": "account", "link": "one-time link"}
"""What people call the first part of an action's code, where it is another word."""


class ManagedAccountFilter(VisibleSessionFilter):
    """By account, offering those that the user manages."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(key), name) for key, name in rights.managed_sessions(request.user).values_list("pk", "name")]


class SubjectFilter(admin.SimpleListFilter):
    """By what the action is about: its code's first part."""

    title = "subject"
    parameter_name = "about"

    SUBJECTS = {
        "login": "Staff's logins",
        "factor": "Second factors",
        "user": "Users",
        "link": "One-time links",
        "group": "Groups",
        "powers": "Permissions and memberships",
        "right": "Rights in accounts",
        "session": "Accounts",
        "sign_in": "Accounts' sign-ins",
        "device": "Devices",
        "message": "Messages",
        "proxy": "Proxies",
        "keys": "Encryption keys",
        "settings": "Settings",
        "demo": "Demo",
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.SUBJECTS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(action__startswith=f"{self.value()}.") if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(VisibleAccountsAdmin):
    empty = "Nothing to show yet: what colleagues do with your accounts is listed here."
    list_display = ("when", "who", "what", "account_shown", "details_shown", "address", "agent_shown")
    list_filter = (SubjectFilter, ManagedAccountFilter)
    search_fields = ("actor", "action", "account", "address")
    search_help_text = "Who, action, account or address"
    date_hierarchy = "at"
    ordering = ("-at", "-id")
    paginator = InfinitePaginator
    show_full_result_count = False
    fields = ("when", "who", "what", "account_shown", "details_shown", "address", "agent")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        entries = AuditEntry.objects.order_by(*self.ordering)
        if not rights.is_staff(request.user):
            return entries.none()
        if request.user.is_superuser:
            return entries
        return entries.filter(session_id__in=rights.managed_sessions(request.user).values("pk"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return rights.manages_any(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if not isinstance(obj, AuditEntry):
            return self.has_module_permission(request)
        if rights.is_staff(request.user) and request.user.is_superuser:
            return True
        return obj.session_id is not None and rights.role(request.user, obj.session_id) == Role.MANAGER

    @display(description="When", ordering="at")
    def when(self, entry: AuditEntry) -> SafeString | str:
        return moment(entry.at)

    @display(description="Who", ordering="actor")
    def who(self, entry: AuditEntry) -> str:
        return entry.actor or "(nobody signed in)"

    @display(description="What", ordering="action")
    def what(self, entry: AuditEntry) -> SafeString:
        subject, _, verb = entry.action.replace("_", "-").partition(".")
        words = f"{SPOKEN.get(subject, subject)} {verb.replace('.', ' ')}"
        return format_html(
            '<div class="tg-stack tg-whole"><b>{}</b><span class="tg-code">{}</span></div>',
            words.capitalize(),
            entry.action,
        )

    @display(description="Account", ordering="account")
    def account_shown(self, entry: AuditEntry) -> SafeString:
        return format_html('<span dir="auto">{}</span>', entry.account or "–")

    @display(description="Details")
    def details_shown(self, entry: AuditEntry) -> SafeString | str:
        rows = ((name.replace("_", " "), _value(value)) for name, value in entry.details.items())
        return format_html_join(" · ", '{}: <bdi dir="auto">{}</bdi>', rows) or "–"

    @display(description="Browser")
    def agent_shown(self, entry: AuditEntry) -> SafeString:
        return format_html('<span class="tg-cut">{}</span>', entry.agent or "–")


def _value(value: Any) -> str:
    if isinstance(value, list) and len(value) == 2 and not any(isinstance(part, str) and "." in part for part in value):
        return f"{_value(value[0])} → {_value(value[1])}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return value if isinstance(value, str) else json.dumps(value)
