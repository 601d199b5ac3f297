"""Where a one-time link leads: its owner chooses a password and is signed in.

The link's secret stands behind the address's "#", which browsers send to nobody: it is in no log, and a messenger that
looks at the link for a preview uses nothing up. static/staff/join.js posts it; without scripts one pastes it.
"""

from __future__ import annotations

import time

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from apps.staff import lockout, selectors
from apps.staff.forms import LinkForm, NewPasswordForm
from apps.staff.logins import CONFIRMED
from apps.staff.services import joining

NAME = "(one-time link)"
"""Under what wrong links are counted: no user can be called so."""
BACKEND = "django.contrib.auth.backends.ModelBackend"


def address_of(request: HttpRequest, token: str) -> str:
    """The whole link."""
    return f"{request.build_absolute_uri(reverse('join'))}#{token}"


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """The same page for everybody, until a link that works is posted to it."""
    if request.method != "POST":
        return _page(request, LinkForm())
    if selectors.locked_until(NAME, lockout.address(request)) is not None:
        return lockout.page(request, credentials={"username": NAME})
    given = LinkForm(request.POST)
    user = joining.user_of(given.cleaned_data["link"]) if given.is_valid() else None
    if user is None:
        return _refused(request)
    token = given.cleaned_data["link"]
    chosen = "password1" in request.POST
    form = NewPasswordForm(user, request.POST if chosen else None)
    if not (chosen and form.is_valid()):
        return _page(request, form, user, token, status=422 if chosen else 200)
    joined = joining.use(token, form.cleaned_data["password1"])
    return _refused(request) if joined is None else _enter(request, joined)


def _enter(request: HttpRequest, user: User) -> HttpResponse:
    """Signed in; who has a second factor is asked for it next, who needs one adds it."""
    login(request, user, backend=BACKEND)
    if selectors.authenticator_of(user) is None:
        request.session[CONFIRMED] = time.time()  # they have given their password this moment
    return _unstored(HttpResponseRedirect(settings.LOGIN_REDIRECT_URL))


def _refused(request: HttpRequest) -> HttpResponse:
    """One answer for links that never were, were used, were replaced or have lapsed, and for whoever is disabled."""
    user_login_failed.send(sender=__name__, credentials={"username": NAME, "step": "one-time link"}, request=request)
    form = LinkForm()
    form.refused = joining.NO_LONGER
    return _page(request, form, status=422)


def _page(
    request: HttpRequest, form: LinkForm | NewPasswordForm, user: User | None = None, token: str = "", status: int = 200
) -> HttpResponse:
    context = {"form": form, "joining": user, "token": token}
    return _unstored(render(request, "staff/join.html", context, status=status))


def _unstored(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "no-store"
    return answer
