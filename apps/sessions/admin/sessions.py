"""Sessions in the admin: the list, one session with all that belongs to it, and what managers do with it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import Model, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.enums import ActionVariant

from apps.commands.models import Lease, Node
from apps.common.admin.actions import action
from apps.common.admin.display import clock, moment
from apps.common.explain import explain
from apps.common.pages import user_of
from apps.common.user_errors import go
from apps.sessions import selectors
from apps.sessions.admin.base import VisibleAccountsAdmin, status_badge
from apps.sessions.admin.grants import GrantInline
from apps.sessions.forms import ConfirmForm, ExportForm
from apps.sessions.models import Session, SessionGrant
from apps.sessions.services import exports, rights
from apps.sessions.services import sessions as services
from apps.staff.roles import Role
from tgadmin.core import phones
from tgadmin.core.ids import row_id


def _dialog(title: str, description: str, submit: str) -> dict[str, Any]:
    return {"title": title, "description": description, "form_class": ConfirmForm, "form_submit_text": submit}


def _life(session: Session) -> dict[str, Any]:
    """selectors.life, read once for a page."""
    if not hasattr(session, "_life"):
        session._life = selectors.life(session)  # type: ignore[attr-defined]  # noqa: SLF001
    return dict(session._life)  # type: ignore[attr-defined]  # noqa: SLF001


def _key(object_id: object) -> int:
    """The id in an address. Raises Http404 for what is none."""
    key = row_id(str(object_id))
    if key is None:
        raise Http404
    return key


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
class SessionAdmin(VisibleAccountsAdmin):
    session_path = "pk"
    list_display = ("account", "phone_number", "status_shown", "since", "last_update", "flood_wait", "gateway")
    list_display_links = ("account",)
    list_filter = ("status", "enabled", OwnerFilter, "network")
    ordering = ("name", "id")
    inlines = (GrantInline,)
    fieldsets: Any = (
        (None, {"fields": ("name", ("status_shown", "cause"), ("since", "retry"), ("gateway", "flood_wait"))}),
        (
            "Account at Telegram",
            {
                "fields": (
                    ("phone_number", "profile"),
                    ("telegram_user_id", "data_centre"),
                    ("last_update", "last_used"),
                    ("key_age", "expiry"),
                    "made",
                )
            },
        ),
    )
    change_form_outer_after_template = "sessions/session_detail.html"
    actions_list = ("add_account",)
    actions_detail = (
        "sign_in_again",
        "enable",
        "disable",
        "check_now",
        "devices",
        "proxy",
        "reveal_phone",
        "export",
        "log_out",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        rows = super().get_queryset(request).filter(pk__in=rights.visible_sessions(request.user).values("pk"))
        return selectors.for_list(rows).select_related("lease__owner", "created_by")

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

    # --- how it is shown ---

    @display(description="Name", ordering="name")
    def account(self, session: Session) -> SafeString:
        known_as = " · ".join(
            part for part in (session.profile_name, session.username and f"@{session.username}") if part
        )
        return format_html(
            '<div class="tg-stack"><b dir="auto">{}</b><span class="tg-sub" dir="auto">{}</span></div>',
            session.name,
            known_as or "–",
        )

    @display(description="Phone")
    def phone_number(self, session: Session) -> SafeString:
        return format_html('<bdi class="tg-num">{}</bdi>', phones.masked(session.phone) or "–")

    @display(description="Status", ordering="status")
    def status_shown(self, session: Session) -> SafeString:
        known = explain(session.status_code)
        if known is None:
            return status_badge(session)
        return format_html(
            '<div class="tg-stack">{}<span class="tg-sub">{}</span></div>', status_badge(session), known.message
        )

    @display(description="What to do")
    def cause(self, session: Session) -> SafeString | str:
        known = explain(session.status_code)
        return "–" if known is None else format_html('{} <span class="tg-code">{}</span>', known.next_step, known.code)

    @display(description="Since", ordering="status_since")
    def since(self, session: Session) -> SafeString | str:
        return moment(session.status_since)

    @display(description="Next try")
    def retry(self, session: Session) -> SafeString | str:
        return moment(session.retry_at)

    @display(description="Last update", ordering="last_update_at")
    def last_update(self, session: Session) -> SafeString | str:
        return moment(session.last_update_at)

    @display(description="Last used")
    def last_used(self, session: Session) -> SafeString | str:
        return moment(_life(session)["used_at"])

    @display(description="Authorization since")
    def key_age(self, session: Session) -> SafeString | str:
        return moment(_life(session)["since"])

    @display(description="Ends if unused")
    def expiry(self, session: Session) -> SafeString | str:
        life = _life(session)
        if life["expires_at"] is None:
            return "–"
        return format_html(
            "{} <span class='tg-sub'>after {} days without use</span>", moment(life["expires_at"]), life["ttl"]
        )

    @display(description="Flood wait")
    def flood_wait(self, session: Session) -> SafeString | str:
        until = getattr(session, "flood_until", None)
        return "–" if until is None else format_html("<span>until {}</span>", clock(until))

    @display(description="Gateway")
    def gateway(self, session: Session) -> str:
        lease = getattr(session, "lease", None)
        return "–" if lease is None or lease.owner is None else lease.owner.name

    @display(description="Data centre")
    def data_centre(self, session: Session) -> str:
        return "–" if session.dc_id is None else f"{session.dc_id} ({session.network})"

    @display(description="Added")
    def made(self, session: Session) -> SafeString | str:
        if session.created_by is None:
            return moment(session.created_at)
        return format_html("{} by {}", moment(session.created_at), session.created_by.get_username())

    @display(description="Name at Telegram")
    def profile(self, session: Session) -> SafeString:
        name = f" @{session.username}" if session.username else ""
        return format_html('<span dir="auto">{}</span>{}', session.profile_name or "–", name)

    # --- one session ---

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        session = self.get_object(request, object_id)
        detail = {}
        if session is not None:
            manages = self.has_manage_permission(request, object_id)
            detail = {"detail": selectors.detail(session, facts=manages), "session": session}
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **detail, "show_save_and_continue": False}
        )

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

    # --- what managers do ---

    def _session(self, request: HttpRequest, object_id: str | int) -> Session:
        session = self.get_object(request, str(object_id))
        if session is None:
            raise rights.Forbidden
        return session

    def _managed(self, request: HttpRequest, object_id: str | int | None) -> Session | None:
        """The session, if the user manages it: what an action's button asks before it is shown."""
        if object_id is None or rights.role(request.user, _key(object_id)) != Role.MANAGER:
            return None
        return self.get_object(request, str(object_id))

    def has_add_account_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return rights.may_add_account(request.user)

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._managed(request, object_id) is not None

    def has_enable_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        session = self._managed(request, object_id)
        return session is not None and not session.enabled

    def has_disable_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        session = self._managed(request, object_id)
        return session is not None and session.enabled

    def has_reveal_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return object_id is not None and rights.may_reveal_phone(request.user, _key(object_id))

    def has_export_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return object_id is not None and rights.may_export(request.user, _key(object_id))

    @action(
        description="Add account",
        url_path="add-account",
        icon="add",
        permissions=["add_account"],
        variant=ActionVariant.PRIMARY,
    )
    def add_account(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("signin:start"))

    @action(description="Sign in again", url_path="sign-in-again", icon="login", permissions=["manage"])
    def sign_in_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('signin:start')}?session={_key(object_id)}")

    @action(
        description="Enable",
        url_path="enable",
        icon="play_circle",
        permissions=["enable"],
        dialog=_dialog("Enable this account?", "The gateway connects it again.", "Enable"),
    )
    def enable(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        services.enable(user_of(request), self._session(request, object_id))
        return self._done(request, object_id, "The account is enabled.")

    @action(
        description="Disable",
        url_path="disable",
        icon="pause_circle",
        permissions=["disable"],
        dialog=_dialog(
            "Disable this account?",
            "It is disconnected and stays signed in at Telegram; its chats are kept, messages that wait are not sent.",
            "Disable",
        ),
    )
    def disable(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        services.disable(user_of(request), self._session(request, object_id))
        return self._done(request, object_id, "The account is disabled.")

    @action(
        description="Check",
        url_path="check",
        icon="network_check",
        permissions=["manage"],
        dialog=_dialog("Check this account?", "Its chat list is read from Telegram again.", "Check"),
    )
    def check_now(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        services.resync(user_of(request), self._session(request, object_id))
        return self._done(request, object_id, "Telegram is being asked; see the commands below.")

    @action(description="Devices", url_path="go-to-devices", icon="devices", permissions=["manage"])
    def devices(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("accounts:devices", args=(_key(object_id),)))

    @action(description="Proxy", url_path="go-to-proxy", icon="vpn_lock", permissions=["manage"])
    def proxy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("accounts:proxy", args=(_key(object_id),)))

    @action(
        description="Reveal phone",
        url_path="reveal-phone",
        icon="visibility",
        permissions=["reveal"],
        dialog=_dialog("Reveal the phone number?", "That you saw it is recorded in the timeline.", "Reveal"),
    )
    def reveal_phone(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        number = services.reveal_phone(user_of(request), self._session(request, object_id))
        return render(request, "sessions/revealed.html", {"number": number})

    @action(
        description="Export session",
        url_path="export",
        icon="key",
        permissions=["export"],
        dialog={
            "title": "Export this account's session?",
            "description": "Whoever has it is the account, without code or password. Disable the account here before "
            "another program uses it: two that use one session make Telegram destroy it.",
            "form_class": ExportForm,
            "form_submit_text": "Export",
        },
    )
    def export(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        session = self._session(request, object_id)
        text = exports.export_string(user_of(request), session, form.cleaned_data["reason"])
        response = render(request, "sessions/exported.html", {"text": text})
        response["Cache-Control"] = "no-store"
        return response

    @action(
        description="Log out",
        url_path="log-out",
        icon="logout",
        permissions=["manage"],
        variant=ActionVariant.DANGER,
        dialog=_dialog(
            "Log this account out?",
            "Its key is ended at Telegram. Chats and rights stay; to use the account again it must be signed in again.",
            "Log out",
        ),
    )
    def log_out(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        services.log_out(user_of(request), self._session(request, object_id))
        return self._done(request, object_id, "The account is being logged out.")

    def _done(self, request: HttpRequest, object_id: str, text: str) -> HttpResponse:
        messages.success(request, text)
        return go(request, reverse("admin:tg_sessions_session_change", args=(object_id,)))
