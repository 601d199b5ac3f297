"""Sign-ins and the timeline in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.sessions import selectors, views
from apps.sessions.admin.base import ReadOnlyAdmin, VisibleSessionFilter, badge, moment, shown_json
from apps.sessions.models import SessionEvent, SignInAttempt, SignInStep
from apps.sessions.services import rights
from tgadmin.core import phones

_LOOKS = {
    SignInStep.DONE: ("ok", "check_circle"),
    SignInStep.FAILED: ("bad", "error"),
    SignInStep.CANCELLED: ("off", "cancel"),
}


@admin.register(SignInAttempt)
class SignInAttemptAdmin(ReadOnlyAdmin):
    list_display = ("account", "way", "number", "step_shown", "starter", "started", "changed", "open_link")
    list_filter = ("step", "way", VisibleSessionFilter)
    search_fields = ("session__name",)
    ordering = ("-started_at",)
    list_select_related = ("session", "started_by")
    fields = ("account", "way", "number", "step_shown", "trouble", "starter", "started", "changed", "open_link")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[SignInAttempt]:
        rows = SignInAttempt.objects.filter(pk__in=rights.visible_attempts(request.user).values("pk"))
        return rows.select_related("session", "started_by").order_by("-started_at")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if isinstance(obj, SignInAttempt):
            return rights.may_drive(request.user, obj)
        return rights.is_staff(request.user)

    @display(description="Account", ordering="session__name")
    def account(self, attempt: SignInAttempt) -> SafeString:
        return format_html('<span dir="auto">{}</span>', attempt.session.name)

    @display(description="Phone")
    def number(self, attempt: SignInAttempt) -> SafeString:
        return format_html('<bdi class="tg-num">{}</bdi>', phones.masked(attempt.phone) or "–")

    @display(description="Step", ordering="step")
    def step_shown(self, attempt: SignInAttempt) -> SafeString:
        kind, icon = _LOOKS.get(SignInStep(attempt.step), ("info", "pending"))
        return badge(kind, icon, attempt.get_step_display())

    @display(description="Trouble")
    def trouble(self, attempt: SignInAttempt) -> SafeString | str:
        known = selectors.explain_step(attempt)
        return "–" if known is None else format_html('{} <span class="tg-code">{}</span>', known.says, known.code)

    @display(description="Started by", ordering="started_by__username")
    def starter(self, attempt: SignInAttempt) -> str:
        return "–" if attempt.started_by is None else attempt.started_by.get_username()

    @display(description="Started", ordering="started_at")
    def started(self, attempt: SignInAttempt) -> SafeString | str:
        return moment(attempt.started_at)

    @display(description="Last step", ordering="updated_at")
    def changed(self, attempt: SignInAttempt) -> SafeString | str:
        return moment(attempt.updated_at)

    @display(description="Open")
    def open_link(self, attempt: SignInAttempt) -> SafeString:
        return format_html(
            '<a class="tg-button" href="{}">{}</a>', views.address(attempt), "Show" if attempt.is_over else "Go on"
        )


@admin.register(SessionEvent)
class SessionEventAdmin(ReadOnlyAdmin):
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
        known = selectors.explain(event.code)
        return "–" if known is None else f"{known.says} {known.next_step}"

    @display(description="Who")
    def who(self, event: SessionEvent) -> str:
        return "–" if event.user is None else event.user.get_username()
