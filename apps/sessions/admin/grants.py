"""Who may use an account, on the account's page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import display

from apps.common.admin.display import moment
from apps.common.pages import user_of
from apps.sessions.admin.base import VisibleAccountsAdmin, VisibleSessionFilter
from apps.sessions.models import SessionGrant
from apps.sessions.services import rights, sessions
from apps.staff.roles import Role


class GrantInline(TabularInline):
    """Which users and groups may use this account: changed by its managers."""

    model = SessionGrant
    fk_name = "session"
    extra = 0
    fields = ("user", "group", "role", "granted_by", "given")
    readonly_fields = ("granted_by", "given")
    verbose_name, verbose_name_plural = "right", "rights"
    tab = True

    @display(description="Given")
    def given(self, grant: SessionGrant) -> SafeString | str:
        return moment(grant.granted_at)

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


class RightForm(forms.ModelForm):
    """A right; what is wrong with it is said in the words of the page."""

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        session, user, group = given.get("session"), given.get("user"), given.get("group")
        if session is not None and (user is None) != (group is None):
            held = SessionGrant.objects.filter(session=session, user=user, group=group).first()
            if held is not None:
                raise ValidationError(f"{held.holder} is {held.get_role_display().lower()} there already: change that.")
        return given

    def _get_validation_exclusions(self) -> set[str]:
        """The pair of account and holder is looked at above."""
        found: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return found if self.instance.pk else found | {"session"}


@admin.register(SessionGrant)
class SessionGrantAdmin(VisibleAccountsAdmin):
    """Who may use which account: given, changed and taken away by the account's managers."""

    empty = "Nobody has a right yet but administrators, who manage every account."
    list_display = ("account", "holder", "role", "giver", "given")
    list_filter = ("role", VisibleSessionFilter)
    search_fields = ("session__name", "user__username", "group__name")
    ordering = ("session__name", "group__name", "user__username")
    list_select_related = ("session", "user", "group", "granted_by")
    form = RightForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[SessionGrant]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("session", "user", "group", "role") if obj is None else self.list_display

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Whose right in what it is stays: another one is another right."""
        if obj is None:
            return ()
        changes = self.has_change_permission(request, obj)
        return tuple(name for name in self.list_display if name != "role" or not changes)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        offered: dict[str, QuerySet[Any]] = {
            "session": rights.managed_sessions(request.user).order_by("name"),
            "user": User.objects.filter(is_active=True, is_staff=True).order_by("username"),
            "group": Group.objects.order_by("name"),
        }
        return super().formfield_for_foreignkey(db_field, request, queryset=offered[db_field.name], **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Without Django's buttons to add and change what is chosen."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        if db_field.name == "session":
            field.label = "Account"
        return field

    def has_add_permission(self, request: HttpRequest) -> bool:
        return rights.manages_any(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return rights.manages_any(request.user)
        return rights.role(request.user, obj.session_id) == Role.MANAGER

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: SessionGrant, form: Any, change: bool) -> None:
        row = sessions.grant(user_of(request), obj.session, obj.to, Role(obj.role))
        obj.pk = row.pk

    def delete_model(self, request: HttpRequest, obj: SessionGrant) -> None:
        sessions.revoke(user_of(request), obj.session, obj.to)

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
