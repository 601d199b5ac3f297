"""The accounts' timelines in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.common.admin.display import moment, shown_json
from apps.common.explain import explain
from apps.sessions import selectors
from apps.sessions.admin.base import VisibleAccountsAdmin, VisibleSessionFilter
from apps.sessions.models import SessionEvent
from apps.sessions.services import rights


@admin.register(SessionEvent)
class SessionEventAdmin(VisibleAccountsAdmin):
    empty = "Nothing has happened to an account yet."
    list_display = ("when", "account", "what", "code", "who")
    list_filter = (VisibleSessionFilter, "kind")
    search_fields = ("session__name", "code", "kind")
    ordering = ("-at", "-id")
    list_select_related = ("session", "user")
    fields = ("when", "account", "what", "code", "meaning", "who")
    readonly_fields = (*fields, "facts")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        managed = rights.managed_sessions(request.user).filter(pk=OuterRef("session_id"))
        return super().get_queryset(request).select_related("session", "user").annotate(is_managed=Exists(managed))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return (*self.fields, "facts") if isinstance(obj, SessionEvent) and self._knows(obj) else self.fields

    def _knows(self, event: SessionEvent) -> bool:
        return bool(getattr(event, "is_managed", False))

    @display(description="Details")
    def facts(self, event: SessionEvent) -> str:
        return shown_json(event.detail) if self._knows(event) else "–"

    @display(description="When", ordering="at")
    def when(self, event: SessionEvent) -> SafeString | str:
        return moment(event.at)

    @display(description="Account", ordering="session__name")
    def account(self, event: SessionEvent) -> SafeString:
        return format_html('<span dir="auto">{}</span>', event.session.name)

    @display(description="What")
    def what(self, event: SessionEvent) -> str:
        return selectors.event_text(event, facts=self._knows(event))

    @display(description="Meaning")
    def meaning(self, event: SessionEvent) -> str:
        known = explain(event.code)
        return "–" if known is None else f"{known.message} {known.next_step}"

    @display(description="Who")
    def who(self, event: SessionEvent) -> str:
        return "–" if event.user is None else event.user.get_username()
