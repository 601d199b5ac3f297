"""Accounts in the admin: the list, and one account with all that belongs to it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import Exists, F, Model, OuterRef, QuerySet
from django.db.models.functions import Lower
from django.forms import BaseInlineFormSet, ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.commands.models import Lease, Node
from apps.common.explain import explain
from apps.common.pages import user_of
from apps.sessions import selectors
from apps.sessions.admin import offers
from apps.sessions.admin.actions import SessionActions
from apps.sessions.admin.base import status_badge
from apps.sessions.admin.columns import SessionColumns
from apps.sessions.admin.grants import GrantInline
from apps.sessions.models import Session, SessionGrant
from apps.sessions.services import rights
from apps.sessions.services import sessions as services
from apps.staff.roles import Role
from tgadmin.core import phones


class OwnerFilter(admin.SimpleListFilter):
    """By the gateway that holds the session."""

    title = "gateway"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        held = Lease.objects.filter(session__in=rights.visible_sessions(request.user)).values("owner_id")
        return [(str(node.pk), node.name) for node in Node.objects.filter(pk__in=held)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        offered = {key for key, _ in self.lookup_choices}
        if not self.value():
            return queryset
        return queryset.filter(lease__owner_id=self.value()) if self.value() in offered else queryset.none()


@admin.register(Session)
class SessionAdmin(SessionColumns, SessionActions):
    empty = "No accounts that you may see. Who may add accounts signs one in; a manager gives you a role."
    session_path = "pk"
    list_display = ("account", "phone_number", "status_shown", "since", "last_update", "flood_wait", "gateway", "helps")
    list_display_links = ("account",)
    list_filter = ("status", "enabled", OwnerFilter, "network")
    ordering = (Lower("name"), "id")
    inlines = (GrantInline,)
    has_form = True
    fieldsets: Any = (
        (None, {"fields": ("name", ("gateway", "retry"))}),
        (
            "Account at Telegram",
            {
                "fields": (
                    ("telegram_user_id", "data_centre"),
                    ("last_update", "last_used"),
                    ("key_age", "expiry"),
                    "made",
                )
            },
        ),
    )
    change_form_template = "sessions/session_change.html"
    change_form_outer_after_template = "sessions/session_detail.html"
    actions_list = ("add_account",)
    actions_detail = (
        "sign_in_again",
        "devices",
        "proxy",
        "reveal_phone",
        "export",
        "enable",
        "disable",
        "log_out",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        rows = super().get_queryset(request).filter(pk__in=rights.visible_sessions(request.user).values("pk"))
        managed = rights.managed_sessions(request.user).order_by().filter(pk=OuterRef("pk"))
        return selectors.for_list(rows.annotate(is_managed=Exists(managed))).select_related(
            "lease__owner", "created_by"
        )

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        """Worst first. Not in ``ordering``, which may name fields only and is what a column is marked for."""
        return (F("badness"), *self.ordering)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        fields: tuple[str, ...] = ("name", "profile_name", "username")
        return (*fields, "phone") if request.user.has_perm(rights.REVEAL_PHONE) else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Session | None = None) -> list[str]:
        names = flatten_fieldsets(self.fieldsets)
        return names if not self.has_change_permission(request, obj) else [name for name in names if name != "name"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return rights.is_staff(request.user)
        return rights.role(request.user, int(obj.pk)) == Role.MANAGER

    # --- one session ---

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        session = self.get_object(request, object_id)
        detail = {}
        if session is not None:
            manages = self.has_manage_permission(request, object_id)
            detail = {
                "detail": selectors.detail(session, facts=manages),
                "session": session,
                "manages": manages,
                "badge": status_badge(session),
                "cause": explain(session.status_code),
                "phone": phones.masked(session.phone),
            }
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **detail, "show_save_and_continue": False}
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Session | None = None, **kwargs: Any
    ) -> HttpResponse:
        """The actions are in the page's own head, where they leave room for the name."""
        if obj is not None:
            allowed = self.get_actions_detail(request, obj.pk)
            names = [action.method.original_function_name for action in allowed]
            context |= {"actions_detail": [], "head": offers.head(self, obj, names)}
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What has happened to an account is in its timeline, not in Django's log of forms."""
        session = self.get_object(request, object_id)
        if session is None:
            raise Http404
        timeline = reverse("admin:tg_sessions_sessionevent_changelist")
        return HttpResponseRedirect(f"{timeline}?session={session.pk}")

    @display(description="Next step")
    def helps(self, session: Session) -> SafeString | str:
        """By rights: what helps, for managers; else its chats."""
        name, offered = offers.helping(session), None
        if name is not None and getattr(session, "is_managed", False):
            offered = offers.offer(self, name, session)
        elif not offers.has_chats(session):
            return "–"
        return render_to_string("sessions/row_action.html", {"offer": offered, "of": session})

    def save_model(self, request: HttpRequest, obj: Session, form: ModelForm[Session], change: bool) -> None:
        if "name" in form.changed_data:
            services.rename(user_of(request), obj, form.cleaned_data["name"])

    def save_formset(
        self, request: HttpRequest, form: Any, formset: BaseInlineFormSet[Any, Any, Any], change: bool
    ) -> None:
        """Each right given or taken goes through its service, which records it."""
        user, session = user_of(request), form.instance
        formset.save(commit=False)
        for gone in formset.deleted_objects:
            services.revoke(user, session, gone.to)
        for row, changed in formset.changed_objects:
            if "user" in changed or "group" in changed:
                before = SessionGrant.objects.select_related("user", "group").get(pk=row.pk)
                services.revoke(user, session, before.to)
            services.grant(user, session, row.to, Role(row.role))
        for row in formset.new_objects:
            services.grant(user, session, row.to, Role(row.role))
