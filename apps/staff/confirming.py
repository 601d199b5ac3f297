"""Confirm that it is you: whoever holds a login that is not theirs (a stolen cookie, a screen left open) cannot take
accounts out, give rights, make colleagues or change how anybody signs in.

What is behind it is known by what is told of it: ``audit`` refuses it to a login that has not confirmed of late
(apps/staff/services/audit.py, CONFIRMED_FIRST), so that nothing can be forgotten here. ``ADDRESSES`` is for people:
it lets a page ask before somebody fills in a form, and says for what it asks. ``Confirmation`` (middleware.py) asks.

A form that was sent too late is not lost: the question is asked in its place, carries its fields, and the right answer
sends them on. Passwords are not carried; the form asks for them again.
"""

from __future__ import annotations

import re
import time
from enum import Enum
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from apps.common.user_errors import Inline, refusal
from apps.staff import lockout, selectors
from apps.staff.forms import ConfirmCodeForm, ConfirmPasswordForm
from apps.staff.logins import CONFIRMED
from apps.staff.services import confirmation
from tgadmin.core.errors import UserError

WRONG_CODE = "That code is not right. A code is good for half a minute and only once; the phone's clock must be right."
WRONG_PASSWORD = "That password is not right."  # noqa: S105  a sentence
MESSAGE = "Confirm that it is you first: open Security in tgadmin. Nothing was done."


class When(Enum):
    SHOWN = "shown"
    """Before the form is shown, and when it is sent."""
    SENT = "sent"
    """When it is sent; the page itself is for reading too."""
    DONE = "done"
    """When what is sent gives a right: the same form does other things."""


ADDRESSES: dict[str, tuple[When, str]] = {
    "admin:tg_sessions_session_export": (When.SHOWN, "export an account's session"),
    "admin:tg_sessions_session_change": (When.DONE, "give rights in an account"),
    "admin:tg_sessions_sessiongrant_add": (When.SHOWN, "give rights in an account"),
    "admin:tg_sessions_sessiongrant_change": (When.DONE, "give rights in an account"),
    "colleagues:add": (When.SHOWN, "add a colleague"),
    "colleagues:change": (When.DONE, "change what a colleague may do"),
    "colleagues:link": (When.SENT, "make a one-time link"),
    "colleagues:enable": (When.SENT, "enable a colleague"),
    "colleagues:disable": (When.SENT, "disable a colleague"),
    "admin:auth_user_add": (When.SHOWN, "add a colleague"),
    "admin:auth_user_change": (When.SENT, "change a colleague's user"),
    "admin:auth_user_changelist": (When.SENT, "change users"),
    "admin:auth_user_delete": (When.SHOWN, "remove a colleague"),
    "admin:auth_user_password_change": (When.SHOWN, "set a colleague's password"),
    "admin:auth_user_reset_second_factor": (When.SHOWN, "take a colleague's second factor away"),
    "admin:auth_user_lift_lock_outs": (When.SHOWN, "unlock a colleague"),
    "admin:axes_accessattempt_unlock": (When.SHOWN, "lift a lock-out"),
    "admin:auth_group_add": (When.SHOWN, "add a group"),
    "admin:auth_group_change": (When.SENT, "change a group"),
    "admin:auth_group_changelist": (When.SENT, "change groups"),
    "admin:auth_group_delete": (When.SHOWN, "remove a group"),
    "admin:password_change": (When.SHOWN, "change your password"),
    "staff:add": (When.SHOWN, "add or replace your second factor"),
    "staff:remove": (When.SENT, "remove your second factor"),
    "staff:codes": (When.SENT, "make new recovery codes"),
    "staff:require": (When.SENT, "change what is asked of all staff"),
}
"""By the name of the view; what one is about to do, after "To"."""

SECRET_FIELDS = re.compile(r"^(?!usable_password$).*(password|token|secret)", re.IGNORECASE)
"""Fields that are not written into a page; the choice between a password and none is no secret."""


def is_confirmed(request: HttpRequest) -> bool:
    """Whether this very login has shown it within the time. A clock that was set back makes it ask again."""
    at = request.session.get(CONFIRMED)
    return isinstance(at, int | float) and 0 <= time.time() - at < settings.LOGIN_CONFIRM_MINUTES * 60


def must_ask(request: HttpRequest, view_name: str) -> bool:
    when, _ = ADDRESSES.get(view_name, (None, ""))
    if when is When.SHOWN:
        return request.method != "OPTIONS"
    return when is When.SENT and request.method not in ("GET", "HEAD", "OPTIONS")


# --- asking ---------------------------------------------------------------------------------------------------------


def ask(request: HttpRequest) -> HttpResponse:
    """The question, in the way in which the asker can show it: in place of a sent form, as a page that leads back, or
    in words for a script. A dialog, which htmx sends, leads back to the page that it stands on."""
    if request.headers.get("HX-Request") == "true":
        back = urlsplit(request.headers.get("HX-Current-URL", ""))
        return _unstored(HttpResponse(headers={"HX-Redirect": _address(back._replace(scheme="", netloc="").geturl())}))
    if "text/html" not in request.headers.get("Accept", "text/html"):
        return refusal("NOT_CONFIRMED", MESSAGE, 403)
    if request.method in ("GET", "HEAD"):
        return _unstored(HttpResponseRedirect(_address(request.get_full_path())))
    return question(request, form_of(request.user), action=request.get_full_path(), sent=True)


def _address(back: str) -> str:
    return f"{reverse('staff:confirm')}?{urlencode({'next': back})}"


def form_of(user: Any, data: Any = None) -> ConfirmCodeForm | ConfirmPasswordForm:
    has_factor = selectors.authenticator_of(user) is not None
    return ConfirmCodeForm(data) if has_factor else ConfirmPasswordForm(data)


def question(
    request: HttpRequest, form: Any, *, action: str, sent: bool, refused: UserError | None = None, back: str = ""
) -> HttpResponse:
    """The page. ``sent``: a form was sent, whose fields it carries to ``action``; else it leads to ``back``."""
    own = {*form.prefixed, "csrfmiddlewaretoken"}
    came = [(name, value) for name, values in request.POST.lists() if name not in own for value in values] * sent
    kept = [(name, value) for name, value in came if not SECRET_FIELDS.search(name)]
    context = {
        "title": "Confirm that it is you",
        "form": form,
        "refused": refused,
        "action": action,
        "carried": kept,
        "again": any(value for name, value in came if SECRET_FIELDS.search(name)),
        "files": bool(request.FILES),
        "sent": sent,
        "next": back,
        "purpose": _purpose(request.path if sent else back),
        "cancel": _came_from(request),
        "minutes": settings.LOGIN_CONFIRM_MINUTES,
    }
    request.current_app = admin.site.name
    status = 422 if form.is_bound else 403 if sent else 200
    return _unstored(
        render(request, "staff/confirm.html", {**admin.site.each_context(request), **context}, status=status)
    )


def _purpose(address: str) -> str:
    try:
        name = resolve(urlsplit(address).path).view_name
    except Resolver404:
        return ""
    return ADDRESSES.get(name, (When.DONE, ""))[1]


def _came_from(request: HttpRequest) -> str:
    """The page that one comes from, if it is one of ours and not the question itself."""
    came, home = request.headers.get("Referer", ""), reverse("admin:index")
    good = url_has_allowed_host_and_scheme(came, {request.get_host()}, require_https=request.is_secure())
    return came if good and urlsplit(came).path != reverse("staff:confirm") else home


def _unstored(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "no-store"
    return answer


# --- the answer -----------------------------------------------------------------------------------------------------


def is_answered(request: HttpRequest) -> bool:
    return request.method == "POST" and any(
        name in request.POST for name in (*ConfirmCodeForm.prefixed, *ConfirmPasswordForm.prefixed)
    )


def take(request: HttpRequest, user: User, *, action: str, sent: bool, back: str = "") -> HttpResponse | None:
    """Looks at the answer; None when it is right, and the login has confirmed from here on. Wrong ones count as wrong
    sign-ins under the user's name from there."""
    request.sensitive_post_parameters = "__ALL__"  # type: ignore[attr-defined]  # as the decorator does
    name = user.get_username()
    if lockout.is_name_locked(request, name):
        return lockout.page(request, credentials={"username": name})
    form, refused = form_of(user, request.POST), Inline()
    if form.is_valid():
        by_code = isinstance(form, ConfirmCodeForm)
        with refused:
            if by_code:
                right = confirmation.by_code(user, form.cleaned_data["token"])
            else:
                right = confirmation.by_password(user, form.cleaned_data["password"])
            if right:
                request.session[CONFIRMED] = time.time()
                return None
            credentials = {"username": name, "step": "confirmation"}
            user_login_failed.send(sender=__name__, credentials=credentials, request=request)
            form.add_error("token" if by_code else "password", WRONG_CODE if by_code else WRONG_PASSWORD)
    return question(request, form, action=action, sent=sent, refused=refused.error, back=back)
