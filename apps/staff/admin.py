"""Users, groups and lock-outs in the admin."""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, Max, OuterRef, QuerySet, Sum, Window
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_otp.plugins.otp_static.models import StaticDevice
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.common.admin.actions import action
from apps.common.admin.base import SuperuserAdmin
from apps.common.admin.dialogs import dialog
from apps.common.admin.display import badge, clock, moment
from apps.common.admin.names import app_named, named
from apps.common.admin.parameters import KnownParameters
from apps.common.user_errors import go
from apps.staff import selectors
from apps.staff.hashers import prepared
from apps.staff.models import Authenticator
from apps.staff.roles import ADMINISTRATOR
from apps.staff.services import logins, second_factor
from tgadmin.core.ids import row_id

admin.site.unregister(User)
admin.site.unregister(Group)
if admin.site.is_registered(StaticDevice):
    admin.site.unregister(StaticDevice)  # shows what stands for recovery codes

app_named("auth", "Staff")
app_named("axes", "Staff")
named(User, "user", "users", is_staff="may sign in", is_superuser="administrator", is_active="enabled")
named(
    AccessAttempt,
    "lock-out",
    "lock-outs",
    row=lambda attempt: f"{attempt.username} from {attempt.ip_address or 'an unknown address'}",
    username="user name",
    failures_since_start="wrong tries",
)

POWERS = ("is_superuser", "is_staff", "groups", "user_permissions")
SWITCHES = {
    "is_staff": "Off: this user cannot sign in to tgadmin.",
    "is_superuser": ADMINISTRATOR,
    "is_active": "Off: disabled, signed out everywhere, and without rights; what they did keeps their name.",
}


def is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


@admin.register(User)
class UserAdmin(KnownParameters, DjangoUserAdmin, ModelAdmin):
    """Who may change users may not take powers that they lack. To give them, to set another's password, which opens
    their accounts, to take their second factor away, and to delete users, which shows what hangs on them, is for
    superusers."""

    empty = "No users that you may see."
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = (
        "username", "email", "full_name", "is_staff", "is_superuser", "is_active", "second_factor", "seen",
    )  # fmt: skip
    list_filter = ("is_staff", "is_superuser", "is_active")
    actions_list = ("add_colleague",)
    actions_detail = ("end_logins", "reset_second_factor", "lift_lock_outs")
    filter_horizontal = ()  # a list to choose several in has a name and works by keyboard; the two-list widget does not

    @display(description="Name", ordering="first_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @display(description="Second factor")
    def second_factor(self, user: User) -> SafeString:
        has = getattr(user, "has_factor", False)
        return badge("ok", "verified_user", "yes") if has else badge("off", "remove_moderator", "no")

    @display(description="Last sign-in", ordering="last_login")
    def seen(self, user: User) -> SafeString | str:
        return moment(user.last_login)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        devices = Authenticator.objects.filter(user=OuterRef("pk"), confirmed=True)
        rows = super().get_queryset(request).annotate(has_factor=Exists(devices))
        return rows if request.user.is_superuser else rows.filter(is_superuser=False)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    @action(description="Add colleague", url_path="add-colleague", icon="person_add", permissions=["add_colleague"])
    def add_colleague(self, request: HttpRequest) -> HttpResponse:
        """The form that gives rights and a one-time link too."""
        return go(request, reverse("colleagues:add"))

    def has_add_colleague_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """With what the switches mean here."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in SWITCHES and field is not None:
            field.help_text = SWITCHES[db_field.name]
        return field

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Whom an administrator adds may sign in; to let in is not for others."""
        if not change:
            obj.is_staff = is_superuser(request)
        super().save_model(request, obj, form, change)
        if not obj.is_staff:
            messages.warning(request, f"{obj.get_username()} may not sign in yet: an administrator must let them.")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """In a transaction, which is not to wait for the password's hash."""
        given = request.POST.get("password1", "") if self.has_add_permission(request) else ""
        with prepared(given):
            return super().add_view(request, form_url, extra_context)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        if not is_superuser(request):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else (*fields, *POWERS)

    # --- what superusers do with a colleague's sign-in ---

    def _user(self, object_id: object) -> User:
        user = User.objects.filter(pk=row_id(str(object_id)) or 0).first()
        if user is None:
            raise Http404
        return user

    def has_end_logins_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return is_superuser(request) and object_id is not None

    def has_reset_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if not is_superuser(request) or object_id is None:
            return False
        return selectors.authenticator_of(self._user(object_id)) is not None

    def has_lift_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if not is_superuser(request) or object_id is None:
            return False
        return bool(selectors.lock_outs([self._user(object_id).get_username()]))

    @action(
        description="Sign out everywhere",
        url_path="end-logins",
        icon="logout",
        permissions=["end_logins"],
        dialog=dialog("End every login of", "They are signed out everywhere at once.", "Sign out"),
    )
    def end_logins(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        count = logins.end_all(request.user, self._user(object_id))  # type: ignore[arg-type]  # staff
        return self._done(request, object_id, f"Logins ended: {count}.")

    @action(
        description="Reset second factor",
        url_path="reset-second-factor",
        icon="phonelink_erase",
        permissions=["reset"],
        variant=ActionVariant.DANGER,
        dialog=dialog(
            "Take away the second factor of",
            "For a colleague who has lost the app and the recovery codes: make sure that it is they who ask. All "
            "logins of this user end; the password alone then signs in, and a new second factor can be added.",
            "Reset",
        ),
    )
    def reset_second_factor(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        second_factor.reset(request.user, self._user(object_id))  # type: ignore[arg-type]  # staff
        return self._done(request, object_id, "The second factor is removed.")

    @action(
        description="Unlock",
        url_path="unlock",
        icon="lock_open",
        permissions=["lift"],
        dialog=dialog("Unlock", "Wrong sign-ins under this name are forgotten, from anywhere.", "Unlock"),
    )
    def lift_lock_outs(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        logins.unlock(request.user, self._user(object_id).get_username())  # type: ignore[arg-type]  # staff
        return self._done(request, object_id, "This user may sign in again.")

    def _done(self, request: HttpRequest, object_id: str, text: str) -> HttpResponse:
        messages.success(request, text)
        return go(request, reverse("admin:auth_user_change", args=(object_id,)))


@admin.register(Group)
class GroupAdmin(KnownParameters, DjangoGroupAdmin, ModelAdmin):
    """Django's, in Unfold's look; for superusers, as a group's permissions and rights are those of whoever is in it."""

    empty = "No groups yet: a group gives all who are in it the same rights."
    filter_horizontal = ()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)


@admin.register(AccessAttempt)
class LockOutAdmin(SuperuserAdmin):
    """Wrong sign-ins, one row for each browser; locked out is a name from an address, or an address under any name."""

    empty = "No wrong sign-ins of late: nobody is locked out."
    list_display = ("username", "address", "failures_since_start", "state", "last", "browser")
    search_fields = ("username", "ip_address")
    ordering = ("-attempt_time",)
    fields = list_display
    readonly_fields = list_display
    actions_row = ("unlock",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessAttempt]:
        """With what a name has failed from an address in all browsers together."""
        same: dict[str, Any] = {"partition_by": [F("username"), F("ip_address")]}
        there: dict[str, Any] = {"partition_by": [F("ip_address")]}
        return (
            super()
            .get_queryset(request)
            .filter(attempt_time__gt=timezone.now() - selectors.lock_out_time())
            .annotate(together=Window(Sum("failures_since_start"), **same), newest=Window(Max("attempt_time"), **same))
            .annotate(
                from_there=Window(Sum("failures_since_start"), **there), last_there=Window(Max("attempt_time"), **there)
            )
        )

    @display(description="Address", ordering="ip_address")
    def address(self, row: AccessAttempt) -> str:
        return row.ip_address or "–"

    @display(description="State")
    def state(self, row: AccessAttempt) -> SafeString:
        until = row.last_there + selectors.lock_out_time()  # annotated, as are the others
        if row.ip_address and row.from_there >= settings.LOGIN_FAILURES_PER_ADDRESS and until > timezone.now():
            return format_html("{} {}", badge("bad", "lock", "whole address locked until"), clock(until))
        until = row.newest + selectors.lock_out_time()
        if row.together < settings.AXES_FAILURE_LIMIT or until <= timezone.now():
            return badge("off", "lock_open", "not locked")
        return format_html("{} {}", badge("bad", "lock", "locked until"), clock(until))

    @display(description="Last", ordering="attempt_time")
    def last(self, row: AccessAttempt) -> SafeString | str:
        return moment(row.attempt_time)

    @display(description="Browser")
    def browser(self, row: AccessAttempt) -> str:
        return row.user_agent[:80]

    def called(self, row: AccessAttempt) -> str:
        return row.username or row.ip_address or "this browser"

    def has_unlock_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return is_superuser(request)

    @action(
        description="Unlock",
        url_path="unlock",
        icon="lock_open",
        permissions=["unlock"],
        dialog=dialog(
            "Unlock",
            "Wrong sign-ins under this name from this address are forgotten; if the whole address is locked, those "
            "under all names.",
            "Unlock",
        ),
    )
    def unlock(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        row = AccessAttempt.objects.filter(pk=row_id(str(object_id)) or 0).first()
        if row is not None and selectors.address_locked_until(row.ip_address or "") is not None:
            logins.unlock_address(request.user, row.ip_address or "")  # type: ignore[arg-type]  # staff
        elif row is not None:
            logins.unlock(request.user, row.username or "", row.ip_address or "")  # type: ignore[arg-type]  # staff
        messages.success(request, "It may be tried again from there.")
        return go(request, reverse("admin:axes_accessattempt_changelist"))
