"""Odd ids, forms and addresses break no page of the admin, nor of the live pages' lists."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from apps.chats.models import Chat
from apps.commands.models import Command
from apps.sessions.models import SessionEvent
from tests.kit.admin_lists import address
from tests.kit.lookups import NUMBER, ODD, REGISTERED, Some, some, someone
from tests.kit.people import chat, quick_passwords
from tests.kit.routes import routes

__all__ = ["chat", "quick_passwords", "some", "someone"]

pytestmark = pytest.mark.django_db

# --- rows, forms, the rest of the admin -----------------------------------------------------------------------------

IDS = (
    "1e400", "1" + "0" * 400, NUMBER, "_5F", "_", "%00", "-1", "0", "99999999999999999999", "%F0%9F", "%D9%A3", "a/b",
    "1_2F2", "' or 1=1--", "add", "%2e%2e", "1%0a", "x" * 3000,
)  # fmt: skip


@pytest.mark.parametrize("who", ["superuser", "viewer"])
def test_odd_ids(who: str, someone: Callable[[str], Client], some: Some) -> None:
    browser = someone(who)
    tails = ("", "change/", "history/", "delete/")
    for model, odd, tail in some(itertools.product([model for model, _ in REGISTERED], IDS, tails)):
        response = browser.get(f"{address(model)}{odd}/{tail}")
        assert response.status_code < 500, (model, odd[:20], tail)
        assert response.status_code != 200 or odd in ("add", "%D9%A3"), (model, odd[:20], tail)  # that is a 3
    for kind, odd in some(itertools.product(ContentType.objects.all(), IDS)):
        assert browser.get(f"/admin/r/{kind.pk}/{odd}/").status_code < 500, (kind, odd[:20])


@pytest.mark.parametrize("what", ["change", "history", "delete", "add"])
def test_a_rows_pages_take_no_other_parameters(what: str, someone: Callable[[str], Client]) -> None:
    browser, group = someone("superuser"), Group.objects.create(name="Team")
    where = address(Group, what, *([] if what == "add" else [group.pk]))
    for query in ("", "?_changelist_filters=q%3Dx", "?_popup=1&_to_field=id"):
        assert browser.get(where + query).status_code == 200, query
    for query in (
        "name=x", "permissions=abc", "_popup=x", "_to_field=phone", "_to_field=permissions", "_to_field=user__password",
        "session=1", "p=-1", "p=a", "_facets=1",
    ):  # fmt: skip
        assert browser.get(f"{where}?{query}").status_code == 400, query


def test_forms_of_lists_and_rows(someone: Callable[[str], Client]) -> None:
    browser, group = someone("superuser"), Group.objects.create(name="Team")
    someone_else = User.objects.create_user("else", password="x")
    keys = ["abc", "9" * 30, NUMBER, "-1", "1e400", "\x00", "é", "", str(group.pk)]
    for model, key in itertools.product((Group, User), keys):
        for action in ("delete_selected", "banana", "\x00", ""):
            for more in (
                {},
                {"index": "0"},
                {"index": "x"},
                {"index": NUMBER},
                {"select_across": "x"},
                {"post": "yes"},
            ):
                form = {"action": action, "_selected_action": key, **more}
                if (key, more) == (str(group.pk), {"post": "yes"}):
                    continue
                response = browser.post(address(model), form)
                assert response.status_code < 500, (model, form)
    assert Group.objects.filter(pk=group.pk).exists()
    for key in keys[:-1]:
        form = {
            "username": "else",
            "groups": [key],
            "user_permissions": [key],
            "last_login_0": key,
            "last_login_1": key,
        }
        assert browser.post(address(User, "change", someone_else.pk), form).status_code < 500, key
        assert browser.post(address(Group, "change", group.pk), {"name": "x", "permissions": [key]}).status_code < 500


def test_the_search_and_the_lists_to_choose_from(someone: Callable[[str], Client]) -> None:
    browser = someone("viewer")
    assert browser.get("/admin/search/?s=chat").status_code == 200
    for query in ("s=a&page=a", "s=a&page=1", "s=a&extended=1", f"s=a&page={NUMBER}", "s=" + "x" * 201, "s=a%00"):
        assert browser.get(f"/admin/search/?{query}").status_code == 400, query
    boss = someone("superuser")
    for model in apps.get_models():
        for field in model._meta.get_fields():
            named = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}&field_name={field.name}"
            assert boss.get(f"/admin/autocomplete/?{named}&term=a").status_code == 403, named


PARAMETERS = (
    "session", "before", "after", "around", "q", "tab", "next", "method", "open", "shown", "s", "page", "term",
    "device",
)  # fmt: skip


def odd_addresses(chat: Chat) -> Iterator[str]:
    """Each address of the project with each parameter, and with each odd value in its path."""
    real = {"session_id": chat.session_id, "chat_id": chat.pk, "attempt_id": chat.session.sign_ins.get().pk}
    odd = itertools.cycle([*ODD, *IDS])
    for route in routes():
        if "logout" in route or "end-others" in route:
            continue
        good = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(real.get(found[1], chat.pk)), route)
        yield from (f"{good}?{name}={next(odd)}" for name in PARAMETERS)
        yield from (f"{good}?after={quote('0001-01-01T00:00:00+23:59')},{number}" for number in (1, "9" * 40, -1))
        if "<" in route:
            yield from ("/" + re.sub(r"<[^>]+>", lambda found, odd=value: odd, route) for value in (*IDS, *ODD))


def test_no_odd_address_of_the_project_breaks_anything(
    someone: Callable[[str], Client], chat: Chat, some: Some
) -> None:
    browser, odd = someone("superuser"), itertools.cycle(ODD)
    for path in some(odd_addresses(chat), 31):
        assert browser.get(path).status_code < 500, path[:200]
        posted = browser.post(path, {"action": "end", "device": next(odd)[:100], "next": next(odd)[:100]})
        assert posted.status_code < 500, path[:200]


@pytest.mark.parametrize("name", ["before", "after", "around", "tab", "q", "after_list"])
def test_odd_places_in_the_live_pages_lists(name: str, someone: Callable[[str], Client], chat: Chat) -> None:
    browser = someone("viewer")
    where = f"/chats/{chat.session_id}/"
    where += f"{chat.pk}/history/" if name in ("before", "after", "around") else "list/"
    times = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-01T00:00Z")
    odd = [f"{quote(at)},{number}" for at in times for number in (1, "9" * 40, -1, NUMBER)]
    for value in (*ODD, *IDS, *(odd if name == "after_list" else [])):
        response = browser.get(f"{where}?{name.removesuffix('_list')}={value}")
        assert response.status_code in (200, 400), (name, value[:40])


# --- what is asked for exactly is for managers ----------------------------------------------------------------------


@pytest.mark.parametrize("who", ["viewer", "operator", "manager", "superuser"])
def test_arguments_and_details_are_for_managers(who: str, someone: Callable[[str], Client], chat: Chat) -> None:
    command = Command.objects.create(
        session=chat.session, kind="edit", lane="chat:1", payload={"text": "Canary-text"}, result={"a": "Canary-answer"}
    )
    facts = {"to": "Canary-colleague", "role": "Viewer", "reason": "Canary-reason"}
    events = [
        SessionEvent.objects.create(session=chat.session, kind=kind, detail=facts) for kind in ("granted", "exported")
    ]
    browser = someone(who)
    pages = [address(Command), address(Command, "change", command.pk), address(SessionEvent), "/admin/"]
    pages += [address(SessionEvent, "change", event.pk) for event in events]
    pages += [address(type(chat.session), "change", chat.session_id)]
    shown = "".join(browser.get(page).content.decode() for page in pages)
    manages = who in ("manager", "superuser")
    for canary in ("Canary-text", "Canary-answer", "Canary-colleague", "Canary-reason"):
        assert (canary in shown) == manages, canary
    for query in ("payload__text__startswith=C", "result__a__startswith=C", "payload=%7B%7D"):
        assert browser.get(f"{address(Command)}?{query}").status_code == 400
    for query in ("detail__to__startswith=C", "detail__reason__gt=1"):
        assert browser.get(f"{address(SessionEvent)}?{query}").status_code == 400
    for model in (Command, SessionEvent):
        listed = browser.get(f"{address(model)}?q=Canary")
        assert listed.context["cl"].result_count == 0, "no search looks there"
