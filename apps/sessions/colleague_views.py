"""The page of colleagues: everybody with what they may do, and beside it one colleague's form, or their new link."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.common import qr
from apps.common.pages import page, user_of
from apps.common.user_errors import button
from apps.sessions import colleagues as reads
from apps.sessions.colleague_forms import ColleagueForm
from apps.sessions.services import colleagues, rights
from apps.staff import join_views, selectors
from apps.staff.roles import ADDS_ACCOUNTS, ADMINISTRATOR, WORDS
from apps.staff.services import joining
from tgadmin.addresses import check_search

SEARCH_LENGTH = 100


@require_safe
def everybody(request: HttpRequest) -> HttpResponse:
    _require(request)
    return _page(request, {"title": "Colleagues"})


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """The form; once it is right, the new colleague's one-time link."""
    by = _require(request)
    form = _form(request, by, None)
    if request.method == "POST" and form.is_valid():
        try:
            user = colleagues.add(by, form.wanted())
        except IntegrityError:  # of two at once with the same user name
            form.add_error("username", "Already used by a colleague.")
        else:
            return _linked(request, by, user)
    return _form_page(request, by, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, user_id: int) -> HttpResponse:
    by = _require(request)
    user = _user(user_id)
    form = _form(request, by, user)
    if request.method == "POST" and form.is_valid():
        try:
            colleagues.change(by, user, form.wanted())
        except IntegrityError:
            form.add_error("username", "Already used by a colleague.")
        else:
            messages.success(request, f"{form.cleaned_data['name'] or user.get_username()}: saved. It applies at once.")
            return HttpResponseRedirect(reverse("colleagues:list"))
    return _form_page(request, by, form, user)


def _address(user_id: int) -> str:
    return reverse("colleagues:change", args=(user_id,))


@require_POST
@button(_address)
def new_link(request: HttpRequest, user_id: int) -> HttpResponse:
    return _linked(request, _require(request), _user(user_id))


@require_POST
@button(_address)
def enable(request: HttpRequest, user_id: int) -> HttpResponse:
    by, user = _require(request), _user(user_id)
    colleagues.enable(by, user)
    messages.success(request, f"{reads.name_of(user)} may sign in again.")
    return HttpResponseRedirect(_address(user_id))


@require_POST
@button(_address)
def disable(request: HttpRequest, user_id: int) -> HttpResponse:
    by, user = _require(request), _user(user_id)
    colleagues.disable(by, user)
    messages.success(request, f"{reads.name_of(user)} can no longer sign in; open pages are signed out.")
    return HttpResponseRedirect(_address(user_id))


# --- parts ----------------------------------------------------------------------------------------------------------


def _require(request: HttpRequest) -> User:
    by = user_of(request)
    if not colleagues.may_manage(by):
        raise rights.Forbidden
    return by


def _user(user_id: int) -> User:
    user = reads.people().filter(pk=user_id).first()
    if user is None:
        raise Http404
    return user


def _form(request: HttpRequest, by: User, user: User | None) -> ColleagueForm:
    offered = set(rights.managed_sessions(by).values_list("pk", flat=True))
    return ColleagueForm(request.POST if request.method == "POST" else None, offered, user)


def _form_page(request: HttpRequest, by: User, form: ColleagueForm, user: User | None) -> HttpResponse:
    name = "" if user is None else reads.name_of(user)
    rows = reads.account_rows(by, user, form.roles)
    if form.is_bound:
        form.focus()
    context = {
        "title": "Add colleague" if user is None else name,
        "panel": "form",
        "form": form,
        "colleague": user,
        "colleague_name": name,
        "enabled": user is None or (user.is_active and user.is_staff),
        "rows": rows,
        "roles": [(role.label, words.icon, words.short) for role, words in WORDS.items()],
        "adds_accounts": ADDS_ACCOUNTS,
        "administrator": ADMINISTRATOR,
        "hours": joining.HOURS,
    }
    return _page(request, context, status=422 if form.is_bound else 200)


def _linked(request: HttpRequest, by: User, user: User) -> HttpResponse:
    """The new link, shown this once."""
    token, until = joining.make(by, user)
    link = join_views.address_of(request, token)
    context = {
        "title": "One-time link",
        "panel": "link",
        "colleague": user,
        "colleague_name": reads.name_of(user),
        "link": link,
        "until": until,
        "hours": joining.HOURS,
        "qr": qr.svg(link),
    }
    answer = _page(request, context)
    answer["Cache-Control"] = "no-store"
    return answer


def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    query, show = request.GET.get("q", ""), request.GET.get("show", "")
    check_search(query, "q")
    people = reads.found(query, show)
    shown = {
        "people": people,
        "query": query,
        "show": show if show in reads.SHOWS else "",
        "shows": list(reads.SHOWS.items()),
        "is_cut": len(people) == reads.MOST,
        "lacking": [row for row in people if row.enabled and row.lines and not (row.has_factor or row.never_here)],
        "required": selectors.is_required(),
    }
    return page(request, "sessions/colleagues.html", shown | context, status=status)
