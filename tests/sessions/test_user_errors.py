"""What staff cannot have, on each surface: as a command, a page, a form, a button, an action and a background task show
it. The socket's is in tests/chats/live/test_socket_ending.py."""

from __future__ import annotations

import importlib
import json
import logging
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.core.management.base import CommandParser
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

import apps
import tgadmin
from apps.common.commandline import ReportingCommand
from apps.common.user_errors import Inline, UserErrors, status_of
from apps.common.users import Forbidden
from apps.common.worker import MarkedTasks
from apps.sessions.models import AccessRequest, AuthorizationSecret, Session, SessionGrant
from apps.staff.roles import Role
from tests.kit.running import ROOT
from tgadmin.addresses import NotUnderstood
from tgadmin.core import tasks
from tgadmin.core.errors import UserError
from tgadmin.core.errors.table import TABLE

UNTIL = datetime(2026, 11, 28, 4, 45, tzinfo=UTC)
As = Callable[[User], Client]
PAGE = {"accept": "text/html,*/*"}
NOT_HERE = ("__main__", ".management.", ".migrations", "tgadmin.asgi", "tgadmin.settings", "tgadmin.matrix")


def modules() -> Iterator[str]:
    for package in (apps, tgadmin):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not any(each in found.name for each in NOT_HERE):
                yield found.name


def made_of(kind: type[UserError]) -> set[type[UserError]]:
    return {each for one in kind.__subclasses__() for each in ({one} | made_of(one))}


# --- the closed set of codes ------------------------------------------------------------------------------------------


def test_each_kind_of_it_has_a_code_of_the_table() -> None:
    for name in modules():
        importlib.import_module(name)
    ours = {each for each in made_of(UserError) if each.__module__.split(".")[0] in ("apps", "tgadmin")}
    assert {Forbidden, NotUnderstood} <= ours
    documented = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    for each in ours:
        assert each.code in TABLE, each
        assert f"| `{each.code}` |" in documented, each


# --- a command --------------------------------------------------------------------------------------------------------


class Refusing(ReportingCommand):
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        self.add_common(parser)
        parser.add_argument("--until", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        raise UserError("GONE", "It is gone.", UNTIL if options["until"] else None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "printed", "line"),
    [
        ((), "", "It is gone. (GONE)\n"),
        (("--until",), "", "It is gone. From 2026-11-28 04:45:00 UTC on. (GONE)\n"),
        (("--json",), {"error": "GONE", "message": "It is gone."}, "It is gone. (GONE)\n"),
        (
            ("--json", "--until"),
            {"error": "GONE", "message": "It is gone.", "until": "2026-11-28T04:45:00+00:00"},
            "It is gone. From 2026-11-28 04:45:00 UTC on. (GONE)\n",
        ),
    ],
)
def test_a_command(given: tuple[str, ...], printed: Any, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Refusing().run_from_argv(["manage.py", "refusing", *given])
    shown = capsys.readouterr()
    assert (ended.value.code, shown.err) == (1, line)
    assert (json.loads(shown.out) if shown.out else "") == printed


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def full(settings: Any) -> None:
    """Everybody has asked the gateway for too much already."""
    settings.COMMANDS_PER_USER = 0


def test_a_page_and_a_script_get_the_sentence_and_the_status(
    admin: User, signed_in_as: As, account: Callable[..., Session], full: None
) -> None:
    client, address = signed_in_as(admin), reverse("accounts:proxy", args=(account().pk,))
    page = client.post(address, {"action": "try"}, headers=PAGE)
    assert (page.status_code, page["Cache-Control"]) == (429, "no-store")
    assert "0 things that you asked for wait for the gateway already" in page.content.decode()
    answer = client.post(address, {"action": "try"}, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_WAITING")
    assert answer.json()["message"].startswith("0 things that you asked for wait")


def answered(error: Exception, accept: str) -> HttpResponse | None:
    request = RequestFactory().get("/", headers={"accept": accept})
    return UserErrors(lambda _: HttpResponse()).process_exception(request, error)


def test_the_time_is_told() -> None:
    error = UserError("GONE", "It is <gone>.", UNTIL)
    page, script = answered(error, "text/html"), answered(error, "*/*")
    assert page is not None
    assert script is not None
    assert (page.status_code, script.status_code) == (409, 409)
    assert "It is &lt;gone&gt;. From 2026-11-28 04:45:00 UTC on." in page.content.decode()
    assert json.loads(script.content) == {
        "code": "GONE", "message": "It is <gone>.", "until": "2026-11-28T04:45:00+00:00",
    }  # fmt: skip


def test_what_django_has_a_page_for_is_left_to_it() -> None:
    for error, status in ((Forbidden(), 403), (NotUnderstood("page"), 400)):
        assert status_of(error) == status
        assert answered(error, "text/html") is None
        script = answered(error, "application/json")
        assert script is not None
        assert (script.status_code, json.loads(script.content)["code"]) == (status, error.code)
    assert answered(ValueError("anything else"), "text/html") is None


def test_a_right_that_is_lacking_is_djangos_403(
    staff: Callable[..., User], signed_in_as: As, account: Callable[..., Session]
) -> None:
    session, viewer = account(), staff("viewer")
    SessionGrant.objects.create(session=session, user=viewer, role=Role.VIEWER)
    page = signed_in_as(viewer).get(reverse("accounts:proxy", args=(session.pk,)), headers=PAGE)
    assert page.status_code == 403
    assert "That is not for you" in page.content.decode()


def test_a_form_shows_it_itself(admin: User, signed_in_as: As, account: Callable[..., Session], full: None) -> None:
    client, address = signed_in_as(admin), reverse("accounts:devices", args=(account().pk,))
    page = client.post(address, {"action": "refresh"}, headers=PAGE)
    assert page.status_code == 422
    assert "0 things that you asked for wait for the gateway already" in page.content.decode()


def test_inline_keeps_it_and_lets_all_else_through() -> None:
    with Inline() as refused:
        pass
    assert refused.error is None
    with refused:
        raise UserError("GONE", "It is gone.")
    assert refused.error is not None
    for error in (Forbidden(), NotUnderstood("page"), ValueError("anything else")):
        with pytest.raises(type(error)), Inline():
            raise error


def test_a_button_goes_back_with_the_sentence(
    admin: User, staff: Callable[..., User], signed_in_as: As, account: Callable[..., Session]
) -> None:
    session = account()
    asked = AccessRequest.objects.create(session=session, user=staff("starter"), decided_at=timezone.now())
    address = reverse("accounts:access", args=(session.pk,))
    answer = signed_in_as(admin).post(address, {"request": asked.pk, "action": "decline"}, headers=PAGE)
    page = reverse("admin:tg_sessions_session_change", args=(session.pk,))
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert said(answer) == [("error", "A colleague has answered this request already.")]


# --- the admin's actions ----------------------------------------------------------------------------------------------


def said(answer: Any) -> list[tuple[str, str]]:
    return [(each.level_tag, each.message) for each in get_messages(answer.wsgi_request)]


@pytest.mark.parametrize("htmx", [False, True])
def test_an_action_goes_back_to_its_page_with_the_sentence(
    admin: User, signed_in_as: As, account: Callable[..., Session], htmx: bool
) -> None:
    session = account()
    admin.user_permissions.add(Permission.objects.get(codename="export_session"))
    AuthorizationSecret.objects.all().delete()
    address = reverse("admin:tg_sessions_session_export", args=(session.pk,))
    headers = PAGE | ({"hx-request": "true"} if htmx else {})
    form = {"_form_submitted": "True", "reason": "moves to another house"}
    answer = signed_in_as(admin).post(address, form, headers=headers)
    page = reverse("admin:tg_sessions_session_change", args=(session.pk,))
    assert (answer.status_code, answer["HX-Redirect" if htmx else "Location"]) == (200 if htmx else 302, page)
    assert said(answer) == [("error", "The account is not signed in: there is nothing to export.")]


def test_an_action_that_is_not_allowed_is_a_403(
    staff: Callable[..., User], signed_in_as: As, account: Callable[..., Session]
) -> None:
    session, viewer = account(), staff("viewer")
    SessionGrant.objects.create(session=session, user=viewer, role=Role.VIEWER)
    address = reverse("admin:tg_sessions_session_disable", args=(session.pk,))
    assert signed_in_as(viewer).post(address, {"_form_submitted": "True"}, headers=PAGE).status_code == 403


# --- background tasks -------------------------------------------------------------------------------------------------


@tasks.task
def refused_task(number: int) -> int:
    if number < 0:
        raise UserError("GONE", "It is gone.")
    return number


def test_a_task_is_logged_by_its_code(caplog: pytest.LogCaptureFixture) -> None:
    run = MarkedTasks.locate(tasks.path(refused_task))
    assert run is not None
    assert run(3) == 3
    with caplog.at_level(logging.WARNING), pytest.raises(UserError):
        run(-1)
    assert [record.getMessage() for record in caplog.records] == [
        f"the task {tasks.path(refused_task)} was refused: GONE"
    ]
