"""The rights in sessions as a list of their own."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.sessions.admin.base import ReadOnlyAdmin, VisibleSessionFilter, moment
from apps.sessions.models import SessionGrant


@admin.register(SessionGrant)
class SessionGrantAdmin(ReadOnlyAdmin):
    """Who may use which account; changed on the account's own page."""

    list_display = ("account", "holder", "role", "giver", "given")
    list_filter = ("role", VisibleSessionFilter)
    search_fields = ("session__name", "user__username", "group__name")
    ordering = ("session__name", "group__name", "user__username")
    list_select_related = ("session", "user", "group", "granted_by")
    fields = list_display
    readonly_fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[SessionGrant]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    @display(description="Account", ordering="session__name")
    def account(self, grant: SessionGrant) -> str:
        return grant.session.name

    @display(description="User or group", ordering="user__username")
    def holder(self, grant: SessionGrant) -> str:
        return grant.holder

    @display(description="Given by", ordering="granted_by__username")
    def giver(self, grant: SessionGrant) -> str:
        return "–" if grant.granted_by is None else grant.granted_by.get_username()

    @display(description="Given", ordering="granted_at")
    def given(self, grant: SessionGrant) -> SafeString | str:
        return moment(grant.granted_at)
