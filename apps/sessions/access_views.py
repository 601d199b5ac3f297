"""A manager's answer to somebody who asks for a role, from the account's page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from apps.common.pages import user_of
from apps.common.user_errors import button
from apps.sessions.pages import account_page, managed_session
from apps.sessions.services import access
from apps.staff.roles import Role
from tgadmin.core.ids import row_id

ROLES = {role.name.lower(): role for role in Role}


@require_POST
@button(account_page)
def answer_request(request: HttpRequest, session_id: int) -> HttpResponse:
    """For the account's managers; others do not learn that it is there."""
    user = user_of(request)
    session = managed_session(user, session_id)
    asked = session.access_requests.filter(pk=row_id(request.POST.get("request", "")) or 0).first()
    if asked is None:
        return HttpResponse("Unknown request.", status=400, content_type="text/plain")
    action = request.POST.get("action", "")
    if action == "decline":
        access.decline(user, asked)
        messages.success(request, "No role was given.")
    elif action in ROLES:
        access.give(user, asked, ROLES[action])
        messages.success(request, "The role was given.")
    else:
        return HttpResponse("Unknown action.", status=400, content_type="text/plain")
    return HttpResponseRedirect(account_page(session.pk))
