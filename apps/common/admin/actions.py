"""Actions in the admin: what a service refuses is shown as a message on the page that the action was chosen on, and
what has a dialog asks first."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action as unfold_action
from unfold.enums import ActionVariant

from apps.common.admin.dialogs import Dialog, question
from apps.common.user_errors import OWN_PAGES, back
from tgadmin.core.errors import UserError

Method = Callable[..., HttpResponse]


def action(*, dialog: Dialog | None = None, **declared: Any) -> Callable[[Method], Any]:
    """Unfold's ``action``, with its arguments, for methods whose services may raise UserError. What has a page of its
    own (403, 400) is raised on. With a ``dialog`` the method gets its valid form after the request."""
    is_danger = declared.get("variant") is ActionVariant.DANGER

    def decorate(method: Method) -> Any:
        @wraps(method)
        def guarded(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            object_id = kwargs.get("object_id")
            address = _page_of(self, method.__name__, object_id)
            if dialog is not None:
                form = dialog.form(data=request.POST or None, request=request, object_id=object_id)
                if not form.is_valid():
                    about = _name(self, request, object_id)
                    return question(request, dialog, form, about=about, back=address, is_danger=is_danger)
                args = (form, *args)
            try:
                return method(self, request, *args, **kwargs)
            except OWN_PAGES:
                raise
            except UserError as error:
                return back(request, error, address)

        made: Any = unfold_action(**declared)(guarded)
        if dialog is not None:
            made.dialog = dialog  # Unfold's buttons then open it, and its own template is not used
        return made

    return decorate


def _name(admin: ModelAdmin[Any], request: HttpRequest, object_id: object) -> str:
    """What the row is called: by its admin's ``called``, or as it says. Raises Http404 where there is none."""
    row = admin.get_object(request, str(object_id))
    if row is None:
        raise Http404
    called: Callable[[Any], str] = getattr(admin, "called", str)
    return called(row)


def _page_of(admin: ModelAdmin[Any], name: str, object_id: object) -> str:
    """The page on which the action of that name is: an object's, or the list."""
    model = f"{admin.opts.app_label}_{admin.opts.model_name}"
    if object_id is not None and name in getattr(admin, "actions_detail", ()):
        return reverse(f"admin:{model}_change", args=(object_id,))
    return reverse(f"admin:{model}_changelist")
