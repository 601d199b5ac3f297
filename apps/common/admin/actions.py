"""Actions in the admin: what a service refuses is shown as a message on the page that the action was chosen on."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action as unfold_action

from apps.common.user_errors import OWN_PAGES, back
from tgadmin.core.errors import UserError

Method = Callable[..., HttpResponse]


def action(**declared: Any) -> Callable[[Method], Any]:
    """Unfold's ``action``, with its arguments, for methods whose services may raise UserError. What has a page of its
    own (403, 400) is raised on."""

    def decorate(method: Method) -> Any:
        @wraps(method)
        def guarded(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return method(self, request, *args, **kwargs)
            except OWN_PAGES:
                raise
            except UserError as error:
                return back(request, error, _page_of(self, method.__name__, kwargs.get("object_id")))

        return unfold_action(**declared)(guarded)

    return decorate


def _page_of(admin: ModelAdmin[Any], name: str, object_id: object) -> str:
    """The page on which the action of that name is: an object's, or the list."""
    model = f"{admin.opts.app_label}_{admin.opts.model_name}"
    if object_id is not None and name in getattr(admin, "actions_detail", ()):
        return reverse(f"admin:{model}_change", args=(object_id,))
    return reverse(f"admin:{model}_changelist")
