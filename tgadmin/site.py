"""The admin's site: Unfold's, whose search and lists to choose from take what their pages ask for."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.sites import UnfoldAdminSite


class Administration(AdminConfig):
    default_site = "tgadmin.site.Site"


class Site(UnfoldAdminSite):
    def get_urls(self) -> list[Any]:
        """Without the link from a row to its page outside the admin: no row here has one."""
        return [url for url in super().get_urls() if getattr(url, "name", None) != "view_on_site"]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The overview, where a sign-in ends; whoever works in chats alone is led there instead."""
        from apps.sessions.services import rights  # the site is made before there are models

        if rights.works_in_chats(request.user):
            return redirect("chats:home")
        return super().index(request, extra_context)

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Ctrl K: accounts, chats and pages in place of Unfold's models, and nothing from its cache."""
        from apps.chats import finding  # the site is made before there are models

        return finding.find(request)

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Rows to choose from, for a field that a form asks them for; no other's."""
        named = tuple(request.GET.get(name, "") for name in ("app_label", "model_name", "field_name"))
        if request.method in ("GET", "HEAD") and named not in self._completed():
            raise PermissionDenied
        return super().autocomplete_view(request)

    def _completed(self) -> set[tuple[str, str, str]]:
        """(app, model, field) of each field that a form completes."""
        forms: list[Any] = list(self._registry.values())
        forms += [inline for each in self._registry.values() if isinstance(each, ModelAdmin) for inline in each.inlines]
        return {
            (form.model._meta.app_label, form.model._meta.model_name, field)
            for form in forms
            for field in form.autocomplete_fields
        }
