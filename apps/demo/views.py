"""The demo's page: starting it, watching it, removing it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.commands.selectors import gateway_is_running
from apps.common.pages import REFRESH_SECONDS, page, user_of
from apps.common.user_errors import button
from apps.demo import services as demo
from apps.sessions.services import rights

AGAIN = "again"
"""In the address of a page that has watched and loads itself once more."""


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """How far the demo is. With ``?open``, by which a page that watches loads itself again, it moves on to the chats:
    the demo may have become ready while the page was on its way."""
    state, running = _demo_state(request), gateway_is_running()
    if "open" in request.GET and state.open_at:
        return HttpResponseRedirect(state.open_at)
    context = {
        "title": "Demo",
        "demo": state,
        "removed": AGAIN in request.GET and state.phase is demo.Phase.ABSENT,
        "running": running,
        "version": state.version(running),
        "refresh_seconds": REFRESH_SECONDS,
    }
    return page(request, "demo/demo.html", context)


@require_safe
def status(request: HttpRequest) -> JsonResponse:
    state = _demo_state(request)
    return JsonResponse({"version": state.version(gateway_is_running()), "open": state.open_at})


@require_POST
@button(lambda: reverse("demo:overview"))
def start(request: HttpRequest) -> HttpResponse:
    _demo_state(request)
    demo.start(user_of(request))
    return HttpResponseRedirect(reverse("demo:overview") + "?open")


@require_http_methods(["GET", "HEAD", "POST"])
@button(lambda: reverse("demo:overview"))
def remove(request: HttpRequest) -> HttpResponse:
    """Asked about first: it deletes chats."""
    _demo_state(request)
    if request.method != "POST":
        return page(request, "demo/remove.html", {"title": "Remove the demo"})
    demo.remove(user_of(request))
    messages.success(request, "The demo is being removed.")
    return HttpResponseRedirect(reverse("demo:overview"))


def _demo_state(request: HttpRequest) -> demo.State:
    user = user_of(request)
    if not rights.may_add_account(user):
        raise rights.Forbidden
    state = demo.state(user)
    if state is None:
        raise Http404
    return state
