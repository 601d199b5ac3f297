"""Staff's own sign-in: the second factor after the password, and the page on which one looks after one's logins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_otp import login as otp_login
from django_otp.models import Device

from apps.common import qr
from apps.common.user_errors import Inline, button
from apps.staff import confirming, lockout, selectors
from apps.staff.forms import TokenForm
from apps.staff.selectors import Missing
from apps.staff.services import logins, second_factor

WRONG = "That code is not right. A code is good for half a minute and only once; the phone's clock must be right."


def user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the admin site lets nobody else in  # noqa: S101
    return request.user


def _login(request: HttpRequest) -> str:
    """By what this login is known."""
    return str(request.session.digest)  # type: ignore[attr-defined]  # ours (apps/staff/logins.py)


# --- after the password ---------------------------------------------------------------------------------------------


@sensitive_post_parameters("token")
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """The second factor of who has one; wrong codes count as wrong sign-ins."""
    user = user_of(request)
    if request.user.is_verified() or selectors.missing(user) is not Missing.CODE:  # type: ignore[union-attr]
        return HttpResponseRedirect(_next(request))
    form, refused = TokenForm(request.POST or None), Inline()
    if request.method == "POST":
        name = user.get_username()
        if lockout.is_name_locked(request, name):
            return lockout.page(request, credentials={"username": name})
        if form.is_valid():
            with refused:
                device = second_factor.verify(user, form.cleaned_data["token"])
                if device is not None:
                    _verified(request, device)
                    return HttpResponseRedirect(_next(request))
                credentials = {"username": name, "step": "second factor"}
                user_login_failed.send(sender=__name__, credentials=credentials, request=request)
                form.add_error("token", WRONG)
    context = {"title": "Second factor", "form": form, "refused": refused.error, "next": _next(request)}
    return _page(request, "staff/verify.html", context, status=200 if request.method != "POST" else 422)


def _verified(request: HttpRequest, device: Device) -> None:
    """The login has shown its second factor: from here on under another key."""
    request.session.cycle_key()
    otp_login(request, device)


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    good = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if good and "\x00" not in wanted else reverse("admin:index")


# --- that it is them, again -----------------------------------------------------------------------------------------


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Asks for it, and leads back to where it was needed (apps/staff/confirming.py)."""
    user, back, here = user_of(request), _next(request), reverse("staff:confirm")
    if not request.user.is_verified() and selectors.missing(user) is Missing.CODE:  # type: ignore[union-attr]
        return HttpResponseRedirect(reverse("staff:verify"))
    if request.method == "POST":
        refusal = confirming.take(request, user, action=here, sent=False, back=back)
        return HttpResponseRedirect(back) if refusal is None else refusal
    if confirming.is_confirmed(request):
        return HttpResponseRedirect(back)
    return confirming.question(request, confirming.form_of(user), action=here, sent=False, back=back)


# --- adding one -----------------------------------------------------------------------------------------------------


@sensitive_post_parameters("token")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new authenticator app: the key as QR code and as text, then its first code; then the recovery codes, once."""
    user = user_of(request)
    if not request.user.is_verified() and selectors.missing(user) is Missing.CODE:  # type: ignore[union-attr]
        return HttpResponseRedirect(reverse("staff:verify"))
    begun = second_factor.begin(user)
    form, refused = TokenForm(request.POST or None, only_digits=True), Inline()
    if request.method == "POST" and form.is_valid():
        with refused:
            done = second_factor.confirm(user, form.cleaned_data["token"], keep=_login(request))
            if done is not None:
                device, codes = done
                _verified(request, device)
                context = {"title": "Recovery codes", "codes": codes, "next": _next(request), "added": True}
                return _page(request, "staff/codes.html", context)
            form.add_error("token", WRONG)
    key = second_factor.key_of(begun)
    context = {
        "title": "Add a second factor",
        "form": form,
        "refused": refused.error,
        "qr": qr.svg(second_factor.address_of(begun)),
        "key": " ".join(key[at : at + 4] for at in range(0, len(key), 4)),
        "required": selectors.is_required(),
        "replaces": selectors.authenticator_of(user) is not None,
        "next": _next(request),
    }
    return _page(request, "staff/add.html", context, status=200 if request.method != "POST" else 422)


# --- looking after one's logins -------------------------------------------------------------------------------------


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    context = {
        "title": "Security",
        "authenticator": selectors.authenticator_of(user),
        "codes_left": selectors.recovery_codes_left(user),
        "required": selectors.is_required(),
        "fixed": settings.SECOND_FACTOR_REQUIRED,
        "logins": [(row, row.pk == _login(request)) for row in selectors.logins_of(user)],
        "idle_hours": settings.LOGIN_IDLE_HOURS,
        "days": settings.LOGIN_DAYS,
        "own": user,
    }
    return _page(request, "staff/security.html", context)


def _security() -> str:
    return reverse("staff:security")


@require_POST
@button(_security)
def new_codes(request: HttpRequest) -> HttpResponse:
    codes = second_factor.new_codes(user_of(request))
    context = {"title": "Recovery codes", "codes": codes, "next": reverse("staff:security"), "added": False}
    return _page(request, "staff/codes.html", context)


def _action(work: Callable[[HttpRequest, User], str]) -> Callable[[HttpRequest], HttpResponse]:
    """A button of the security page: does it, says so, shows the page again."""

    @require_POST
    @button(_security)
    def view(request: HttpRequest) -> HttpResponse:
        messages.success(request, work(request, user_of(request)))
        return redirect("staff:security")

    return view


def _remove(request: HttpRequest, user: User) -> str:
    second_factor.remove(user, keep=_login(request))
    return "Your second factor is removed: the password alone signs you in."


def _end_others(request: HttpRequest, user: User) -> str:
    count = logins.end_others(user, _login(request))
    return f"{count} other {'login is' if count == 1 else 'logins are'} ended."


def _require(request: HttpRequest, user: User) -> str:
    required = request.POST.get("required") == "1"
    second_factor.require_of_all(user, required)
    return (
        "All staff need a second factor from now on." if required else "Staff choose whether to have a second factor."
    )


remove, end_others, require = _action(_remove), _action(_end_others), _action(_require)


def _page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    request.current_app = admin.site.name
    answer = render(request, template, {**admin.site.each_context(request), **context}, status=status)
    answer["Cache-Control"] = "no-store"
    return answer
