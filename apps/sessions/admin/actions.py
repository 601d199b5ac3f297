"""What managers do with an account in the admin: the buttons of its page, each asked for by its right."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from unfold.enums import ActionVariant

from apps.common.admin.actions import action
from apps.common.admin.dialogs import dialog, shown
from apps.common.pages import user_of
from apps.common.user_errors import go
from apps.sessions.admin.base import VisibleAccountsAdmin
from apps.sessions.forms import ExportForm
from apps.sessions.models import Session
from apps.sessions.pages import account_page
from apps.sessions.services import exports, rights
from apps.sessions.services import sessions as services
from apps.staff.roles import Role
from tgadmin.core.ids import row_id


def _key(object_id: object) -> int:
    """The id in an address. Raises Http404 for what is none."""
    key = row_id(str(object_id))
    if key is None:
        raise Http404
    return key


class SessionActions(VisibleAccountsAdmin):
    """The actions of SessionAdmin, and the permissions that their buttons need."""

    def _session(self, request: HttpRequest, object_id: str | int) -> Session:
        session = self.get_object(request, str(object_id))
        if session is None:
            raise rights.Forbidden
        return session

    def _managed(self, request: HttpRequest, object_id: str | int | None) -> Session | None:
        """The session, if the user manages it: what an action's button asks before it is shown."""
        if object_id is None or rights.role(request.user, _key(object_id)) != Role.MANAGER:
            return None
        if request.method not in ("GET", "HEAD"):
            return self.get_object(request, str(object_id))
        found: dict[Any, Session | None] = request.__dict__.setdefault("_sessions_of_buttons", {})
        if object_id not in found:
            found[object_id] = self.get_object(request, str(object_id))
        return found[object_id]

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
        return go(request, reverse("signin:start"))

    @action(description="Sign in again", url_path="sign-in-again", icon="login", permissions=["manage"])
    def sign_in_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return go(request, f"{reverse('signin:start')}?session={_key(object_id)}")

    @action(
        description="Enable",
        url_path="enable",
        icon="play_circle",
        permissions=["enable"],
        dialog=dialog("Enable", "The gateway connects it again.", "Enable"),
    )
    def enable(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        services.enable(user_of(request), self._session(request, object_id))
        return self._done(request, object_id, "The account is enabled.")

    @action(
        description="Disable",
        url_path="disable",
        icon="pause_circle",
        permissions=["disable"],
        dialog=dialog(
            "Disable",
            "It is disconnected and stays signed in at Telegram; its chats are kept, messages that wait are not sent.",
            "Disable",
        ),
    )
    def disable(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        services.disable(user_of(request), self._session(request, object_id))
        return self._done(request, object_id, "The account is disabled.")

    @action(description="Devices", url_path="go-to-devices", icon="devices", permissions=["manage"])
    def devices(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return go(request, reverse("accounts:devices", args=(_key(object_id),)))

    @action(description="Proxy", url_path="go-to-proxy", icon="vpn_lock", permissions=["manage"])
    def proxy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return go(request, reverse("accounts:proxy", args=(_key(object_id),)))

    @action(
        description="Reveal phone",
        url_path="reveal-phone",
        icon="visibility",
        permissions=["reveal"],
        dialog=dialog("Reveal the phone number of", "That you saw it is recorded in the timeline.", "Reveal"),
    )
    def reveal_phone(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        session = self._session(request, object_id)
        number = services.reveal_phone(user_of(request), session)
        context = {"number": number, "back": account_page(session.pk)}
        return shown(request, "sessions/revealed.html", context, f"The phone number of {session}")

    @action(
        description="Export session",
        url_path="export",
        icon="key",
        permissions=["export"],
        dialog=dialog(
            "Export the session of",
            "Whoever has it is the account, without code or password. Disable the account here before another program "
            "uses it: two that use one session make Telegram destroy it.",
            "Export",
            ExportForm,
        ),
    )
    def export(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        session = self._session(request, object_id)
        text = exports.export_string(user_of(request), session, form.cleaned_data["reason"])
        context = {"text": text, "back": account_page(session.pk)}
        return shown(request, "sessions/exported.html", context, f"The session of {session}")

    @action(
        description="Log out",
        url_path="log-out",
        icon="logout",
        permissions=["manage"],
        variant=ActionVariant.DANGER,
        dialog=dialog(
            "Log out",
            "Its key is ended at Telegram. Chats and rights stay; to use the account again it must be signed in again.",
            "Log out",
        ),
    )
    def log_out(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        services.log_out(user_of(request), self._session(request, object_id))
        return self._done(request, object_id, "The account is being logged out.")

    def _done(self, request: HttpRequest, object_id: str, text: str) -> HttpResponse:
        messages.success(request, text)
        return go(request, account_page(_key(object_id)))
