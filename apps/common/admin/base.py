"""Base classes of our ModelAdmins: staff may view rows, and change nothing unless a subclass allows it."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.common.admin.parameters import KnownParameters
from apps.common.users import is_staff


class ReadOnlyAdmin(KnownParameters, ModelAdmin):
    """An admin whose rows can be viewed, and neither added, changed nor deleted."""

    actions = None
    list_per_page = 50
    compressed_fields = True
    has_form = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_staff(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return is_staff(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class SuperuserAdmin(ReadOnlyAdmin):
    """What belongs to no account: for superusers."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.none()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)
