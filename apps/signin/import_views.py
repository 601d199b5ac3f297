"""The wizard's third method: the session of another program, as text or as a file that never touches the disk."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from apps.commands.selectors import gateway_is_running
from apps.common.explain import explain
from apps.common.user_errors import Inline
from apps.sessions.services import rights
from apps.signin import services as signin
from apps.signin import views
from apps.signin.forms import ImportForm
from apps.signin.models import SignInMethod, SignInStep
from tgadmin.core.session_files import MAX_FILE


class InMemory(MemoryFileUploadHandler):
    """Keeps the upload in memory, whatever its size; refuses what is larger than any session file. Django's own would
    write it, its key in clear, to a temporary file."""

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        self.activated = True
        self._size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self._size += len(raw_data)
        if self._size > MAX_FILE:
            raise RequestDataTooBig("No session file is so large.")
        return super().receive_data_chunk(raw_data, start)


@csrf_exempt  # checked by _import_session, once it is decided how the upload is read
def import_session(request: HttpRequest) -> HttpResponse:
    """A new account, or with ?session=<id> one that is known, by another program's session."""
    request.upload_handlers = [InMemory(request)]
    return _import_session(request)


@csrf_protect
@sensitive_post_parameters("text", "proxy")
@require_http_methods(["GET", "HEAD", "POST"])
def _import_session(request: HttpRequest) -> HttpResponse:
    user = views.user_of(request)
    session = views.known_session(user, request.GET.get("session", ""))
    if session is None and not rights.may_add_account(user):
        raise rights.Forbidden
    named, proxied = session is None, "" if session is None else None
    given = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = ImportForm(*given, named=named, proxied=proxied)
    refused = Inline()
    if request.method == "POST" and form.is_valid():
        with refused:
            attempt = signin.start_import(
                user,
                form.cleaned_data.get("name", ""),
                form.cleaned_data["data"],
                session=session,
                proxy=form.cleaned_data.get("proxy"),
            )
            return HttpResponseRedirect(views.address(attempt))
    context = {
        **views.steps_of(SignInMethod.IMPORT, SignInStep.IMPORT),
        "title": f"Sign in again: {session.name}" if session is not None else "Add account",
        "method": SignInMethod.IMPORT.value,
        "form": form,
        "refused": refused.error,
        "explanation": None if refused.error is None else explain(refused.error.code),
        "session": session,
        "running": gateway_is_running(),
    }
    return views.page(request, "signin/import.html", context, status=422 if request.method == "POST" else 200)
