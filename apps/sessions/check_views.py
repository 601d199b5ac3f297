"""Whether an account answers, asked from its page and followed there: its chat list is read from Telegram again."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST, require_safe

from apps.common.pages import user_of
from apps.common.user_errors import button
from apps.sessions import selectors
from apps.sessions.models import Session
from apps.sessions.pages import account_page, managed_session
from apps.sessions.services import sessions


@require_POST
@button(account_page)
def check(request: HttpRequest, session_id: int) -> HttpResponse:
    """For the account's managers; others do not learn that it is there. What is being asked already is followed."""
    user = user_of(request)
    session = managed_session(user, session_id)
    if not selectors.check_facts(session)["waits"]:
        sessions.resync(user, session)
    if "text/html" in request.headers.get("Accept", "text/html"):
        return HttpResponseRedirect(account_page(session.pk))
    return _as_it_is(session)


@require_safe
def check_status(request: HttpRequest, session_id: int) -> JsonResponse:
    """What the page polls: {"html": what it shows, "waits": whether that will change}."""
    return _as_it_is(managed_session(user_of(request), session_id))


def _as_it_is(session: Session) -> JsonResponse:
    facts: dict[str, Any] = selectors.check_facts(session)
    html = render_to_string("sessions/check.html", {"check": facts})
    return JsonResponse({"html": html, "waits": facts["waits"]}, headers={"Cache-Control": "no-store"})
