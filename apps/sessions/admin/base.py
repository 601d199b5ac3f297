"""What admin pages about accounts share: only what the user may see, and how an account's status looks."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.common.admin.base import ReadOnlyAdmin
from apps.common.admin.display import badge
from apps.common.users import is_staff
from apps.sessions import attendance
from apps.sessions.models import Session, SessionStatus
from apps.sessions.services import rights
from tgadmin.core.ids import row_id

STYLES: dict[str, tuple[str, str]] = {
    SessionStatus.SIGNING_IN: ("info", "login"),
    SessionStatus.CONNECTING: ("info", "sync"),
    SessionStatus.SYNCING: ("info", "cloud_sync"),
    SessionStatus.READY: ("ok", "check_circle"),
    SessionStatus.DISCONNECTED: ("warn", "cloud_off"),
    SessionStatus.CONNECTION_FAILED: ("bad", "error"),
    SessionStatus.NEEDS_SIGN_IN: ("bad", "key_off"),
    SessionStatus.BANNED: ("bad", "block"),
    SessionStatus.DISABLED: ("off", "pause_circle"),
    attendance.NO_GATEWAY: ("bad", "cloud_off"),
}


def status_badge(session: Session) -> SafeString:
    """How the account is now, as far as anybody looks after it."""
    status = attendance.shown_status(session)
    kind, icon = STYLES.get(status, ("off", "help"))
    return badge(kind, icon, attendance.label(status))


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


class VisibleAccountsAdmin(ReadOnlyAdmin):
    """Rows of accounts: staff see those of accounts that they may see."""

    session_path = "session_id"
    """From a row to the id of its session, as a lookup and, with dots, as attributes."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        visible = rights.visible_sessions(request.user)
        return rows.filter(**{f"{self.session_path}__in": visible.values("pk")})

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Django asks for the right of each button, field and row, a page that is only shown for one answer."""
        if request.method not in ("GET", "HEAD"):
            return super().changeform_view(request, *args, **kwargs)
        with rights.asked_once():
            response = super().changeform_view(request, *args, **kwargs)
            return response.render() if isinstance(response, TemplateResponse) else response

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return is_staff(request.user)
        return rights.role(request.user, self.session_id_of(obj)) is not None

    def session_id_of(self, obj: Model) -> int:
        value: Any = obj
        for part in self.session_path.split("__"):
            value = getattr(value, part)
        return int(value)


class OfAccountAdmin(VisibleAccountsAdmin):
    """Rows that name their session. ``for_managers``: those about chats with Telegram's own accounts."""

    list_select_related: Any = ("session",)
    for_managers: Q | None = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related(*self.list_select_related)
        return rows if self.for_managers is None else rights.hiding_telegram(rows, request.user, self.for_managers)

    @display(description="Account", ordering="session__name")
    def account(self, row: Any) -> SafeString:
        return format_html('<span dir="auto">{}</span>', row.session.name)
