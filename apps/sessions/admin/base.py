"""What all our admin pages share: only what the user may see, nothing to change unless said, how things are shown."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from apps.sessions.admin.parameters import KnownParameters
from apps.sessions.models import Session, SessionStatus
from apps.sessions.services import rights
from tgadmin.core.ids import row_id

LOOKS: dict[str, tuple[str, str]] = {
    SessionStatus.SIGNING_IN: ("info", "login"),
    SessionStatus.CONNECTING: ("info", "sync"),
    SessionStatus.SYNCING: ("info", "cloud_sync"),
    SessionStatus.READY: ("ok", "check_circle"),
    SessionStatus.DISCONNECTED: ("warn", "cloud_off"),
    SessionStatus.CONNECTION_FAILED: ("bad", "error"),
    SessionStatus.NEEDS_SIGN_IN: ("bad", "key_off"),
    SessionStatus.BANNED: ("bad", "block"),
    SessionStatus.DISABLED: ("off", "pause_circle"),
}


def badge(kind: str, icon: str, text: str) -> SafeString:
    """Icon, word and colour together: none of them carries the meaning alone."""
    return format_html(
        '<span class="tg-badge {}"><span class="material-symbols-outlined" aria-hidden="true">{}</span>{}</span>',
        kind,
        icon,
        text,
    )


def status_badge(session: Session) -> SafeString:
    kind, icon = LOOKS.get(session.status, ("off", "help"))
    return badge(kind, icon, session.get_status_display())


def moment(at: datetime | None) -> SafeString | str:
    """A time that static/admin/page.js shows relative to now, in the viewer's zone."""
    if at is None:
        return "–"
    return format_html('<time datetime="{}">{} UTC</time>', at.isoformat(), f"{at:%Y-%m-%d %H:%M:%S}")


def shown_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) if value else "–"


def clock(at: datetime) -> SafeString:
    """A time that is said by the clock, in the viewer's zone: when a wait ends."""
    return format_html('<time datetime="{}" data-clock>{} UTC</time>', at.isoformat(), f"{at:%H:%M:%S}")


class VisibleSessionFilter(admin.SimpleListFilter):
    """By account, offering those only that the user may see."""

    title = "account"
    parameter_name = "session"
    path = "session_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(key), name) for key, name in rights.visible_sessions(request.user).values_list("pk", "name")]

    @staticmethod
    def is_number(value: str) -> bool:
        return row_id(value) is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{self.path: row_id(value)}) if value else queryset


class ReadOnlyAdmin(KnownParameters, ModelAdmin):
    """Staff look, nobody changes."""

    actions = None
    list_per_page = 50
    compressed_fields = True
    session_path = "session_id"
    """From a row to the id of its session, as a lookup and, with dots, as attributes."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        visible = rights.visible_sessions(request.user)
        return rows.filter(**{f"{self.session_path}__in": visible.values("pk")})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return rights.is_staff(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return rights.is_staff(request.user)
        return rights.role(request.user, self.session_id_of(obj)) is not None

    def session_id_of(self, obj: Model) -> int:
        value: Any = obj
        for part in self.session_path.split("__"):
            value = getattr(value, part)
        return int(value)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
