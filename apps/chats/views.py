"""The live pages: a shell with its first data, and JSON for what the socket does not carry."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.chats import sight
from apps.chats.forms import HistoryForm, ListForm
from apps.chats.models import Chat
from apps.chats.selectors import history as pages
from apps.chats.selectors import lists, places
from apps.chats.selectors import page as first_data
from apps.common import demo_plan
from apps.common.user_errors import as_json, refusal
from apps.sessions.models import Session
from apps.sessions.services import rights
from tgadmin.core.errors import UserError

View = Callable[..., HttpResponse]


def staff_page(view: View) -> View:
    """For pages: to the sign-in when nobody is signed in, 403 for who is not staff; nothing is kept by caches."""

    @require_safe
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not rights.is_staff(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def staff_json(view: View) -> View:
    """For JSON: every refusal, 400, 401, 403 and 404 among them, is {"code", "message"}."""

    @require_safe
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return refusal("SIGNED_OUT", "You are signed out. Sign in again; what you wrote is kept.", 401)
        if not rights.is_staff(request.user):
            return refusal("FORBIDDEN", "These pages are for staff.", 403)
        try:
            return view(request, *args, **kwargs)
        except Http404:
            return refusal("NOT_FOUND", "There is no such chat, or you may not see it.", 404)
        except UserError as error:
            return as_json(error)

    return guarded


@staff_page
def home(request: HttpRequest) -> HttpResponse:
    """Where the user was last, else at the beginning (selectors/places.py); an empty page without any account."""
    place = places.begin(cast(User, request.user))
    if place is None:
        return _render(request, None, None)
    chat = () if place.chat is None else (place.chat.pk,)
    if place.session is None:
        return redirect("chats:all-chat" if chat else "chats:all", *chat)
    return redirect("chats:chat" if chat else "chats:session", place.session.pk, *chat)


@staff_page
def everywhere(request: HttpRequest, chat_id: int | None = None) -> HttpResponse:
    """One list over all accounts that the user may see."""
    chat = None if chat_id is None else sight.chats(request.user).filter(pk=chat_id).first()
    if chat_id is not None and chat is None:
        raise Http404
    return _render(request, None, chat, everywhere=True)


@staff_page
def page(request: HttpRequest, session_id: int, chat_id: int | None = None) -> HttpResponse:
    session = _session(request, session_id)
    return _render(request, session, None if chat_id is None else _chat(request, session.pk, chat_id))


@staff_json
def chat_list(request: HttpRequest, session_id: int) -> HttpResponse:
    """A page of the chat list: ``tab``, ``q``, ``after`` (the cursor that the page before gave)."""
    session = _session(request, session_id)
    return _list(request, {session.pk: _sees_all(request, session.pk)})


@staff_json
def whole_list(request: HttpRequest) -> HttpResponse:
    """A page of the list over all accounts that the user may see."""
    user = cast(User, request.user)
    roles = rights.roles([user]).get(user.pk, {})
    return _list(request, {session_id: rights.sees_telegram(role) for session_id, role in roles.items()})


@staff_json
def history(request: HttpRequest, session_id: int, chat_id: int) -> HttpResponse:
    """A page of messages: the newest with the chat's row, or one ``before``, ``after`` or ``around`` a Telegram id."""
    chat = _chat(request, session_id, chat_id)
    form = HistoryForm(request.GET)
    if not form.is_valid():
        return _invalid(form)
    whole = _sees_all(request, session_id)
    for name, read in (("before", pages.before), ("after", pages.after), ("around", pages.around)):
        if name in form.cleaned_data:
            return JsonResponse(read(chat, form.cleaned_data[name], whole=whole))
    return JsonResponse({**pages.newest(chat, whole=whole), "row": lists.payloads([chat.pk])[0]})


@staff_json
def details(request: HttpRequest, session_id: int, chat_id: int) -> HttpResponse:
    chat = _chat(request, session_id, chat_id)
    return JsonResponse(first_data.details(chat, whole=_sees_all(request, session_id)))


def _list(request: HttpRequest, seen: lists.Seen) -> HttpResponse:
    form = ListForm(request.GET)
    if not form.is_valid():
        return _invalid(form)
    asked = form.cleaned_data
    return JsonResponse(lists.page(seen, tab=asked["tab"], query=asked["q"], after=asked["after"]))


def _session(request: HttpRequest, session_id: int) -> Session:
    """A visible session; unknown and not visible answer alike."""
    found = rights.visible_sessions(request.user).filter(pk=session_id).first()
    if found is None:
        raise Http404
    return found


def _sees_all(request: HttpRequest, session_id: int) -> bool:
    return rights.sees_telegram(rights.role(request.user, session_id))


def _chat(request: HttpRequest, session_id: int, chat_id: int) -> Chat:
    """A chat of a visible session that the user sees; others answer as unknown ones do."""
    found = sight.chats(request.user).filter(pk=chat_id, session_id=session_id).first()
    if found is None:
        raise Http404
    return found


def _render(
    request: HttpRequest, session: Session | None, chat: Chat | None, *, everywhere: bool = False
) -> HttpResponse:
    user = cast(User, request.user)  # staff_page has seen to it
    has_demo = session is None and demo_plan.plan() is not None
    first = first_data.first(user, session, chat, everywhere=everywhere)
    context = {"first": first, "nav": "chats", "demo": has_demo, "short": rights.works_in_chats(user)}
    return render(request, "chats/page.html", context)


def _invalid(form: ListForm | HistoryForm) -> JsonResponse:
    return refusal("INVALID", " ".join(f"{name}: {words[0]}" for name, words in form.errors.items()), 400)
