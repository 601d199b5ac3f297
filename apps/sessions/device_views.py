"""The page of an account's devices: what is signed in to it, ending one or all others, how long unused ones live."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from apps.commands.selectors import gateway_is_running
from apps.common.pages import REFRESH_SECONDS, page, user_of
from apps.common.user_errors import Inline
from apps.sessions import selectors
from apps.sessions.forms import TtlForm
from apps.sessions.models import Session
from apps.sessions.pages import managed_session
from apps.sessions.services import devices
from tgadmin.core.errors import UserError
from tgadmin.core.ids import row_id


@require_http_methods(["GET", "HEAD", "POST"])
def devices_page(request: HttpRequest, session_id: int) -> HttpResponse:
    """For the account's managers; others do not learn that it is there."""
    session = managed_session(user_of(request), session_id)
    form = TtlForm(request.POST if request.POST.get("action") == "ttl" else None)
    refused = Inline()
    if request.method == "POST":
        with refused:
            if _act(request, session, form):
                return HttpResponseRedirect(reverse("accounts:devices", args=(session.pk,)))
        if refused.error is None and not form.is_bound:
            return HttpResponse("Unknown action.", status=400, content_type="text/plain")
    session.refresh_from_db()
    facts = selectors.device_facts(session)
    running = gateway_is_running()
    if not form.is_bound:
        form = TtlForm(initial={"days": session.authorization_ttl_days})
    context: dict[str, Any] = {
        "title": f"Devices: {session.name}",
        "session": session,
        "form": form,
        "facts": facts,
        "life": selectors.life(session),
        "denied": refused.error,
        "running": running,
        "version": _version(facts, running),
        "refresh_seconds": REFRESH_SECONDS,
    }
    return page(request, "sessions/devices.html", context, status=422 if request.method == "POST" else 200)


@require_safe
def devices_status(request: HttpRequest, session_id: int) -> JsonResponse:
    """What the page polls: changes when the page would look different."""
    session = managed_session(user_of(request), session_id)
    return JsonResponse({"version": _version(selectors.device_facts(session), gateway_is_running())})


def _act(request: HttpRequest, session: Session, form: TtlForm) -> bool:
    """Whether something was done or asked for. Raises UserError."""
    user, action = user_of(request), request.POST.get("action")
    if action == "refresh":
        devices.refresh(user, session)
    elif action == "end_others":
        devices.end_others(user, session)
    elif action in ("end", "known"):
        number = _hash(session, request.POST.get("device", ""))
        if action == "end":
            devices.end(user, session, number)
        else:
            devices.acknowledge(user, session, number)
    elif action == "ttl" and form.is_valid():
        devices.set_ttl(user, session, form.cleaned_data["days"])
    else:
        return False
    return True


def _hash(session: Session, row: str) -> int:
    """Telegram's name of one of the account's devices, by the number of its row. Raises UserError."""
    device = session.devices.filter(pk=row_id(row) or 0).first()
    if device is None:
        raise UserError("HASH_INVALID", "This device is not signed in any more.")
    return device.hash


def _version(facts: dict[str, Any], running: bool) -> str:
    last, seen = facts["last"], facts["seen_at"]
    command = "" if last is None else f"{last.pk}.{last.state}"
    return f"{command}.{'' if seen is None else seen.timestamp()}.{int(running)}"
