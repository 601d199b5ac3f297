"""Who may use an account, on the account's page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import display

from apps.common.admin.display import moment
from apps.sessions.admin.base import VisibleAccountsAdmin, VisibleSessionFilter
from apps.sessions.models import SessionGrant
from apps.sessions.services import rights
from apps.staff.roles import Role


class GrantInline(TabularInline):
    """Which users and groups may use this account: changed by its managers."""

    model = SessionGrant
    fk_name = "session"
    extra = 0
    fields = ("user", "group", "role", "granted_by", "granted_at")
    readonly_fields = ("granted_by", "granted_at")
    verbose_name, verbose_name_plural = "right", "rights"
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[SessionGrant]:
        return (
            super()
            .get_queryset(request)
            .select_related("user", "group", "granted_by")
            .order_by("group__name", "user__username")
        )

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name in ("user", "group") and field is not None and hasattr(field.widget, "can_add_related"):
            field.widget.can_add_related = field.widget.can_change_related = False
            field.widget.can_view_related = field.widget.can_delete_related = False
        return field

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Groups, active staff, and whoever has a right already; read once, not once for each row."""
        formset = super().get_formset(request, obj, **kwargs)
        people = User.objects.filter(Q(is_active=True, is_staff=True) | Q(session_grants__session=obj)).distinct()
        people = people.order_by("username")
        none = ("", "---------")
        offered: dict[str, tuple[QuerySet[Any], list[tuple[Any, str]]]] = {
            "user": (people, [none, *((user.pk, user.get_username()) for user in people)]),
            "group": (Group.objects.all(), [none, *Group.objects.order_by("name").values_list("pk", "name")]),
        }

        class GrantForm(formset.form):  # type: ignore[name-defined]
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                for name, (rows, choices) in offered.items():
                    if name in self.fields:
                        self.fields[name].queryset = rows
                        self.fields[name].choices = choices

        formset.form = GrantForm
        return formset

    def _manages(self, request: HttpRequest, obj: Model | None) -> bool:
        return obj is not None and rights.role(request.user, int(obj.pk)) == Role.MANAGER

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return obj is None or rights.role(request.user, int(obj.pk)) is not None

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._manages(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._manages(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._manages(request, obj)


@admin.register(SessionGrant)
class SessionGrantAdmin(VisibleAccountsAdmin):
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
