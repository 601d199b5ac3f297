"""Sign-ins in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.common.admin.display import badge, moment
from apps.sessions.admin.base import VisibleAccountsAdmin, VisibleSessionFilter
from apps.sessions.services import rights
from apps.signin import views
from apps.signin.models import SignInAttempt, SignInStep
from apps.signin.selectors import explain_step
from apps.signin.services.rights import may_drive, visible_attempts
from tgadmin.core import phones

_STYLES = {
    SignInStep.DONE: ("ok", "check_circle"),
    SignInStep.FAILED: ("bad", "error"),
    SignInStep.CANCELLED: ("off", "cancel"),
}


@admin.register(SignInAttempt)
class SignInAttemptAdmin(VisibleAccountsAdmin):
    empty = "Nobody has begun to sign an account in."
    list_display = ("account", "method", "number", "step_shown", "starter", "started", "changed", "open_link")
    list_filter = ("step", "method", VisibleSessionFilter)
    search_fields = ("session__name",)
    ordering = ("-started_at",)
    list_select_related = ("session", "started_by")
    fields = ("account", "method", "number", "step_shown", "trouble", "starter", "started", "changed", "open_link")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[SignInAttempt]:
        rows = SignInAttempt.objects.filter(pk__in=visible_attempts(request.user).values("pk"))
        return rows.select_related("session", "started_by").order_by("-started_at")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if isinstance(obj, SignInAttempt):
            return may_drive(request.user, obj)
        return rights.is_staff(request.user)

    @display(description="Account", ordering="session__name")
    def account(self, attempt: SignInAttempt) -> SafeString:
        return format_html('<span dir="auto">{}</span>', attempt.session.name)

    @display(description="Phone")
    def number(self, attempt: SignInAttempt) -> SafeString:
        return format_html('<bdi class="tg-num">{}</bdi>', phones.masked(attempt.phone) or "–")

    @display(description="Step", ordering="step")
    def step_shown(self, attempt: SignInAttempt) -> SafeString:
        kind, icon = _STYLES.get(SignInStep(attempt.step), ("info", "pending"))
        return badge(kind, icon, attempt.get_step_display())

    @display(description="Trouble")
    def trouble(self, attempt: SignInAttempt) -> SafeString | str:
        known = explain_step(attempt)
        return "–" if known is None else format_html('{} <span class="tg-code">{}</span>', known.message, known.code)

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
