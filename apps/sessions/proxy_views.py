"""The page of an account's proxy: what it goes through, how fast that is, and another one, tried before it is used."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from apps.commands.selectors import gateway_is_running
from apps.common.pages import REFRESH_SECONDS, page, user_of
from apps.sessions import selectors
from apps.sessions.forms import ProxyForm
from apps.sessions.models import Session
from apps.sessions.pages import managed_session
from apps.sessions.services import proxies


@sensitive_post_parameters("link", "username", "password", "secret")
@require_http_methods(["GET", "HEAD", "POST"])
def proxy_page(request: HttpRequest, session_id: int) -> HttpResponse:
    """For the account's managers; others do not learn that it is there."""
    session = managed_session(user_of(request), session_id)
    form = ProxyForm(request.POST if request.POST.get("action") == "set" else None)
    if request.method == "POST":
        if _act(request, session, form):
            return HttpResponseRedirect(reverse("accounts:proxy", args=(session.pk,)))
        if request.POST.get("action") != "set":
            return HttpResponse("Unknown action.", status=400, content_type="text/plain")
    facts = selectors.proxy_facts(session)
    running = gateway_is_running()
    context: dict[str, Any] = {
        "title": f"Proxy: {session.name}",
        "session": session,
        "form": form,
        "facts": facts,
        "running": running,
        "version": _version(facts, running),
        "refresh_seconds": REFRESH_SECONDS,
    }
    return page(request, "sessions/proxy.html", context, status=422 if form.is_bound else 200)


@require_safe
def proxy_status(request: HttpRequest, session_id: int) -> JsonResponse:
    """What the page polls: changes when the page would look different."""
    session = managed_session(user_of(request), session_id)
    return JsonResponse({"version": _version(selectors.proxy_facts(session), gateway_is_running())})


def _act(request: HttpRequest, session: Session, form: ProxyForm) -> bool:
    """Whether something was asked for."""
    user, action = user_of(request), request.POST.get("action")
    if action == "try":
        proxies.ask_to_try(user, session)
    elif action == "remove":
        proxies.ask_to_set(user, session, None)
    elif action == "set" and form.is_valid():
        proxies.ask_to_set(user, session, form.cleaned_data["proxy"])
    else:
        return False
    return True


def _version(facts: dict[str, Any], running: bool) -> str:
    last = facts["last"]
    return f"{'' if last is None else f'{last.pk}.{last.state}'}.{int(running)}"
