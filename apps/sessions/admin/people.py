"""Users and groups in the admin's look, and the rights in sessions as a list of their own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.sessions.admin.base import ReadOnlyAdmin, VisibleSessionFilter, moment
from apps.sessions.models import SessionGrant

admin.site.unregister(User)
admin.site.unregister(Group)

POWERS = ("is_superuser", "is_staff", "groups", "user_permissions")


def is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    """Who may change users may not take powers that he lacks: to give them, to set another's password, which opens his
    accounts, and to delete users, which shows what hangs on them, is for superusers."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "full_name", "is_staff", "is_superuser", "is_active", "seen")
    list_filter = ("is_staff", "is_superuser", "is_active")

    @display(description="Name", ordering="first_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @display(description="Last sign-in", ordering="last_login")
    def seen(self, user: User) -> SafeString | str:
        return moment(user.last_login)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(is_superuser=False)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        if not is_superuser(request):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else (*fields, *POWERS)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Django's, in Unfold's look; for superusers, as a group's permissions are powers of whoever is in it."""

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
