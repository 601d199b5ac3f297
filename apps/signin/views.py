"""The sign-in wizard: one address per sign-in, one step at a time; every step is a command that the gateway answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from apps.commands.selectors import gateway_is_running
from apps.common import qr
from apps.common.pages import REFRESH_SECONDS, page, user_of
from apps.common.user_errors import Inline
from apps.sessions import selectors
from apps.sessions.models import Session
from apps.sessions.services import rights
from apps.signin import services as signin
from apps.signin.forms import CodeForm, LoginEmailForm, NameForm, PasswordForm, PhoneForm
from apps.signin.models import SignInAttempt, SignInMethod, SignInStep
from apps.signin.selectors import VIA, attempt_version, explain_step, how_it_came, seconds_until
from apps.signin.services.rights import visible_attempts
from apps.staff.roles import Role
from tgadmin.core import phones
from tgadmin.core.errors import UserError
from tgadmin.core.ids import row_id
from tgadmin.core.types import CodeRoute

STEPS = {
    SignInMethod.QR: (SignInStep.QR, SignInStep.PASSWORD, SignInStep.DONE),
    SignInMethod.PHONE: (SignInStep.PHONE, SignInStep.CODE, SignInStep.PASSWORD, SignInStep.DONE),
    SignInMethod.IMPORT: (SignInStep.IMPORT, SignInStep.DONE),
}


def address(attempt: SignInAttempt) -> str:
    return reverse("signin:step", args=(attempt.pk,))


# --- starting -------------------------------------------------------------------------------------------------------


@sensitive_post_parameters("phone", "proxy")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_start(request: HttpRequest) -> HttpResponse:
    """By QR code, or with ?method=phone by number: a new account, or with ?session=<id> one that is known."""
    user = user_of(request)
    session = known_session(user, request.GET.get("session", ""))
    if session is None and not rights.may_add_account(user):
        raise rights.Forbidden
    method = _method(request)
    form = _start_form(request, method, session)
    refused = Inline()
    if request.method == "POST" and form.is_valid():
        with refused:
            return HttpResponseRedirect(address(_start(user, method, form, session)))
    context = {
        **steps_of(method, STEPS[method][0]),
        "title": f"Sign in again: {session.name}" if session is not None else "Add account",
        "method": method.value,
        "form": form,
        "refused": refused.error,
        "session": session,
        "running": gateway_is_running(),
    }
    return page(request, "signin/sign_in_start.html", context, status=422 if request.method == "POST" else 200)


def _method(request: HttpRequest) -> SignInMethod:
    """The method that is asked for; the QR code unless another is named."""
    named = request.POST.get("method") or request.GET.get("method") or ("phone" if "phone" in request.POST else "")
    return SignInMethod.PHONE if named == SignInMethod.PHONE else SignInMethod.QR


def _start_form(request: HttpRequest, method: SignInMethod, session: Session | None) -> NameForm:
    proxied = "" if session is None else None  # an account that is known keeps its own: its page changes it
    if method == SignInMethod.QR:
        return NameForm(request.POST or None, named=session is None, proxied=proxied)
    known = phones.masked(session.phone) if session is not None else ""
    return PhoneForm(request.POST or None, named=session is None, known=known, proxied=proxied)


def _start(user: User, method: SignInMethod, form: NameForm, session: Session | None) -> SignInAttempt:
    name, proxy = form.cleaned_data.get("name", ""), form.cleaned_data.get("proxy")
    if method == SignInMethod.QR:
        return signin.start_qr(user, name, session=session, proxy=proxy)
    phone = form.cleaned_data["phone"] or (session.phone if session is not None else "")
    return signin.start(user, name, phone, session=session, proxy=proxy)


def known_session(user: User, wanted: str) -> Session | None:
    """The account that ?session= names, if the user manages it; None for none named. Raises Http404, Forbidden."""
    if not wanted:
        return None
    session = rights.visible_sessions(user).filter(pk=row_id(wanted) or 0).first()
    if session is None:
        raise Http404
    rights.require(user, session.pk, Role.MANAGER)
    return session


# --- one sign-in ----------------------------------------------------------------------------------------------------


@sensitive_post_parameters("code", "password", "phone", "email", "proxy")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """The step that waits, at an address that survives reloads, restarts and another web node."""
    attempt = _attempt(request, attempt_id)
    if request.method == "POST":
        return _act(request, attempt)
    return _show(request, attempt)


@require_safe
def sign_in_status(request: HttpRequest, attempt_id: UUID) -> JsonResponse:
    """What the page polls: a version that changes when the page would look different, and the first sync's progress."""
    attempt = _attempt(request, attempt_id)
    answer: dict[str, Any] = {"version": attempt_version(attempt, gateway_is_running())}
    shown = signin.shown_code(attempt)
    if shown is not None:
        answer["qr"] = {"id": shown.id, "seconds": shown.seconds, "renew": signin.needs_renewal(attempt)}
        if request.GET.get("shown") != shown.id:
            answer["qr"]["svg"] = qr.svg(shown.url)
    if attempt.step == SignInStep.DONE:
        chats, total, complete = selectors.sync_progress(attempt.session)
        answer |= {"chats": chats, "total": total, "complete": complete, "status": attempt.session.get_status_display()}
    return JsonResponse(answer)


def _attempt(request: HttpRequest, attempt_id: UUID) -> SignInAttempt:
    visible = visible_attempts(user_of(request)).select_related("session")
    attempt = visible.filter(pk=attempt_id).first()
    if attempt is None:
        raise Http404
    return attempt


Step = Callable[[HttpRequest, User, SignInAttempt], object]


def _act(request: HttpRequest, attempt: SignInAttempt) -> HttpResponse:
    step = ACTIONS.get(request.POST.get("action", ""))
    if step is None:
        return HttpResponse("Unknown action.", status=400, content_type="text/plain")
    with Inline() as refused:
        step(request, user_of(request), attempt)
        return HttpResponseRedirect(address(attempt))
    attempt.refresh_from_db()
    return _show(request, attempt, refused=refused.error, status=422)


def _phone(request: HttpRequest, user: User, attempt: SignInAttempt) -> object:
    form = PhoneForm(request.POST, named=False, known="-", proxied=_proxied(attempt))
    if not form.is_valid():
        raise UserError("INVALID", " ".join(str(error) for errors in form.errors.values() for error in errors))
    given = form.cleaned_data
    directly = bool(given.get("directly"))
    number = given["phone"] or attempt.phone
    return signin.submit_phone(user, attempt, number, proxy=given.get("proxy"), directly=directly)


def _proxied(attempt: SignInAttempt) -> str | None:
    """The address of the proxy that the sign-in goes through, "" for none; None: it is not for this page to change."""
    if attempt.session.telegram_user_id is not None:
        return None
    return str(selectors.proxy_facts(attempt.session)["address"])


def _code(request: HttpRequest, user: User, attempt: SignInAttempt) -> object:
    return signin.submit_code(user, attempt, request.POST.get("code", ""))


def _email(request: HttpRequest, user: User, attempt: SignInAttempt) -> object:
    return signin.submit_email(user, attempt, request.POST.get("email", ""))


def _password(request: HttpRequest, user: User, attempt: SignInAttempt) -> object:
    return signin.submit_password(user, attempt, request.POST.get("password", ""))


ACTIONS: dict[str, Step] = {
    "phone": _phone,
    "email": _email,
    "code": _code,
    "password": _password,
    "qr": lambda request, user, attempt: signin.renew_qr(user, attempt),
    "use_qr": lambda request, user, attempt: signin.use_qr(user, attempt),
    "use_phone": lambda request, user, attempt: signin.use_phone(user, attempt),
    "resend": lambda request, user, attempt: signin.resend(user, attempt),
    "change": lambda request, user, attempt: signin.change_phone(user, attempt),
    "cancel": lambda request, user, attempt: signin.cancel(user, attempt),
}


def _show(
    request: HttpRequest, attempt: SignInAttempt, *, refused: UserError | None = None, status: int = 200
) -> HttpResponse:
    running = gateway_is_running()
    step = SignInStep(attempt.step)
    chats, total, complete = selectors.sync_progress(attempt.session) if step == SignInStep.DONE else (0, 0, False)
    shown = signin.shown_code(attempt)
    context = {
        **steps_of(SignInMethod(attempt.method), step),
        "title": f"Sign in: {attempt.session.name}",
        "attempt": attempt,
        "session": attempt.session,
        "phone": phones.masked(attempt.phone),
        "form": _form(user_of(request), attempt),
        "via": how_it_came(attempt),
        "new_email": attempt.code_via == CodeRoute.NEW_EMAIL,
        "next_via": VIA.get(attempt.next_via, ""),
        "explanation": None if attempt.busy or refused else explain_step(attempt),
        "refused": refused,
        "shown": shown,
        "qr": qr.svg(shown.url) if shown is not None else "",
        "new_code_needed": attempt.error_code in signin.NEW_CODE_NEEDED,
        "flood_seconds": seconds_until(attempt.flood_until),
        "resend_seconds": seconds_until(attempt.resend_at),
        "running": running,
        "version": attempt_version(attempt, running),
        "refresh_seconds": REFRESH_SECONDS,
        "chats": chats,
        "total": total,
        "complete": complete,
    }
    return page(request, "signin/sign_in.html", context, status=status)


def _form(user: User, attempt: SignInAttempt) -> Any:
    if attempt.step == SignInStep.EMAIL:
        return LoginEmailForm()
    if attempt.step == SignInStep.CODE:
        return CodeForm(via=attempt.code_via)
    if attempt.step == SignInStep.PASSWORD:
        return PasswordForm()
    # Whoever typed a new account's number may see it again, to mend it; a known account's stays masked.
    typed = attempt.started_by_id == user.pk and attempt.session.telegram_user_id is None
    initial = {"phone": f"+{attempt.phone}"} if typed else {}
    return PhoneForm(
        initial=initial, named=False, known="" if typed else phones.masked(attempt.phone), proxied=_proxied(attempt)
    )


def steps_of(method: SignInMethod, current: SignInStep) -> dict[str, Any]:
    """The steps of the method with how far each is; of a sign-in that came to nothing no more is said."""
    steps = STEPS[method]
    shown = SignInStep.CODE if current == SignInStep.EMAIL else current
    current_at = steps.index(shown) if shown in steps else -1
    names = [
        (step.label, "done" if at < current_at else "now" if at == current_at else "") for at, step in enumerate(steps)
    ]
    return {"steps": names, "step": current.value}
