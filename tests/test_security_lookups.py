"""What may stand in an address of the admin: what its pages put there. Every lookup that Django knows of every field,
with odd values, as every kind of person, is refused before PostgreSQL hears of it; no odd id or form breaks anything.

Lookups are made from the models' own fields: a new field or model is tried without anybody thinking of it. ``--long``
tries them all; else every so manieth.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, unquote

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin import ModelAdmin, ShowFacets
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Field, Model
from django.test import Client, RequestFactory
from django.urls import reverse

from apps.chats.models import Chat
from apps.commands.models import Command
from apps.common.admin.parameters import KnownChangeList, KnownParameters, offered_by
from apps.sessions.models import SessionEvent
from apps.staff.models import AuditEntry
from apps.staff.services.audit import audit
from tests.kit.confirmed import confirmed
from tests.kit.people import chat, person, quick_passwords
from tests.test_rights_table import routes
from tgadmin.core.ids import row_id

__all__ = ["chat", "quick_passwords"]

pytestmark = pytest.mark.django_db

PEOPLE = ("superuser", "manager", "viewer", "nobody")
NUMBER = "9" * 5000
ODD = (
    "(canary", "999999", "-5", "1e400", NUMBER, "banana", "%F0%9F", "%ED%A0%80", "99999999999999999999", "{canary",
    "1,2,canary", "' or 1=1--", "9999-12-31T25:00", "canary" * 60, "%00", "%D9%A3", "",
)  # fmt: skip
"""As they stand in an address."""
EVERY = 11
"""In the short form one lookup of so many is tried; with the number of people and values it has no common factor."""

Some = Callable[..., Iterator[Any]]
Registered = tuple[type[Model], Any]
REGISTERED: list[Registered] = sorted(admin.site._registry.items(), key=lambda pair: pair[0]._meta.label)
LISTS = [pytest.param(pair, id=pair[0]._meta.label_lower) for pair in REGISTERED]


def place(model: type[Model], what: str = "changelist", *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


@pytest.fixture
def someone(chat: Chat) -> Callable[[str], Client]:
    """A browser in which that person is signed in; server errors are answers."""
    audit(None, "session.renamed", chat.session, name="x")

    def sign_in(who: str) -> Client:
        client = Client(raise_request_exception=False)
        user = person(who, chat.session)
        assert user is not None
        client.force_login(user)
        return confirmed(client)

    return sign_in


@pytest.fixture
def some(request: pytest.FixtureRequest) -> Some:
    """All of them with ``--long``, else one of so many."""
    is_long = request.config.getoption("--long")
    return lambda items, every=EVERY: itertools.islice(items, 0, None, 1 if is_long else every)


@contextmanager
def no_statement_with(value: str) -> Iterator[None]:
    """Fails when a statement is given the value."""
    readable = unquote(value)

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        held = str(params.values() if isinstance(params, dict) else params)
        assert len(readable) < 4 or readable not in held, sql
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield


# --- the one mechanism ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("registered", LISTS)
def test_every_registered_admin_has_it(registered: Registered) -> None:
    _, model_admin = registered
    request = RequestFactory().get("/")
    assert isinstance(model_admin, KnownParameters), f"{type(model_admin).__name__} needs KnownParameters as first base"
    assert type(model_admin).__mro__.index(KnownParameters) < type(model_admin).__mro__.index(ModelAdmin)
    assert issubclass(model_admin.get_changelist(request), KnownChangeList)
    assert model_admin.show_facets == ShowFacets.NEVER
    assert not model_admin.list_editable
    assert not model_admin.raw_id_fields, "its popup needs parameters that lists refuse"
    for name in ("lookup_allowed", "get_changelist_instance", "get_changeform_initial_data"):
        assert getattr(type(model_admin), name) is getattr(KnownParameters, name), name


def lookups(model: type[Model]) -> Iterator[str]:
    """Every lookup of every field, and one of everything that hangs on it, two relations deep."""
    for path, field in paths(model, 2):
        yield path
        if not isinstance(field, Field):
            continue
        deep = path.count("__") > 0
        for name in ("exact", "regex", "isnull") if deep else sorted(field.get_lookups()):
            yield f"{path}__{name}"
            if not deep and name in ("year", "date", "time", "week_day", "iso_year", "hour"):
                yield f"{path}__{name}__gt"
        if field.get_internal_type() == "JSONField":
            yield from (f"{path}__canary", f"{path}__0__a__regex", f"{path}__a__startswith")


def is_known(name: str, value: str) -> bool:
    """An account's number, of one that is not there: it finds nothing."""
    return name == "session" and row_id(value) is not None


def paths(model: type[Model], depth: int) -> Iterator[tuple[str, Any]]:
    for field in model._meta.get_fields():
        name = field.name if isinstance(field, Field) else field.get_accessor_name() or field.name
        yield name, field
        if field.is_relation and field.related_model is not None and depth > 1:
            for path, deeper in paths(field.related_model, depth - 1):
                yield f"{name}__{path}", deeper


def test_all_lookups_are_refused(someone: Callable[[str], Client], request: pytest.FixtureRequest) -> None:
    browsers = [someone(who) for who in PEOPLE]
    all_of_them = [(model, name) for model, _ in REGISTERED for name in ("pk", "canary__x", *lookups(model))]
    assert len(all_of_them) > 5000
    tries: Any = (
        (model, name, value, browser)
        for number, (model, name) in enumerate(all_of_them)
        for value in ODD
        for browser in browsers
        if number % EVERY == 0
    )
    if not request.config.getoption("--long"):
        odd, who = itertools.cycle(ODD), itertools.cycle(browsers)
        tries = ((model, name, next(odd), next(who)) for model, name in all_of_them[::EVERY])
    for model, name, value, browser in tries:
        if is_known(name, value):
            continue
        with no_statement_with(value):
            response = browser.get(f"{place(model)}?{name}={value}")
        assert response.status_code in (400, 403), (response.status_code, place(model), name, value[:20])
        if response.status_code == 400:
            assert name in response.content.decode(), "the page says which part it was"
            assert "canary(" not in response.content.decode()


@pytest.mark.long
def test_all_lookups_are_refused_each_with_one_value(someone: Callable[[str], Client]) -> None:
    browser, odd = someone("superuser"), itertools.cycle(ODD)
    for model, _ in REGISTERED:
        for name in lookups(model):
            value = next(odd)
            if is_known(name, value):
                continue
            with no_statement_with(value):
                response = browser.get(f"{place(model)}?{name}={value}")
            assert response.status_code == 400, (response.status_code, place(model), name, value[:20])


OWN = {
    "o": ("a", "99", "-99", "1.1", "1..2", "-", "1.2.3.-99", "9" * 400, "1e1", "%D9%A3", "%F0%9F", "%00"),
    "p": ("-1", "0", "a", "", "9999999999999", "199999999", "1e5", NUMBER, "%D9%A3", "1.0", "%F0%9F"),
    "all": ("1", "True", "%F0%9F"),
    "q": ("a%20" * 200, "x" * 201, "%F0%9F", "%ED%A0%80", "%00", "%1B", "a%0Ab"),
    "e": ("1", ""),
    "_facets": ("1", ""),
    "_popup": ("0", "x"),
    "_to_field": ("id", "phone", "session__id", ""),
    "_changelist_filters": ("a",),
}


@pytest.mark.parametrize("registered", LISTS)
def test_odd_values_of_what_a_list_knows(registered: Registered, someone: Callable[[str], Client]) -> None:
    model, model_admin = registered
    browser = someone("superuser")
    request = browser.get(place(model)).wsgi_request
    mine = dict.fromkeys(known(model_admin, request), ODD)
    if model_admin.date_hierarchy:
        mine |= {f"{model_admin.date_hierarchy}__{part}": ODD for part in ("year", "month", "day")}
    for name, values in (OWN | mine).items():
        for value in values:
            response = browser.get(f"{place(model)}?{name}={value}")
            if is_known(name, value):
                assert response.status_code == 200, value
                continue
            assert response.status_code == 400, (name, value[:20])
            shown = response.content.decode()
            assert name in shown
            assert "Go on without it" in shown
        response = browser.get(f"{place(model)}?{name}=1&{name}=1")
        assert response.status_code == 400, name


def known(model_admin: Any, request: Any) -> dict[str, list[str]]:
    """What each filter of the list offers: parameter → values."""
    found: dict[str, list[str]] = {}
    listed = model_admin.get_changelist_instance(request)
    for spec in listed.filter_specs:
        for name in spec.expected_parameters():
            found.setdefault(str(name), [])
        for name, value in offered_by(spec):
            found[name].append(value)
    return found


@pytest.mark.parametrize("registered", LISTS)
@pytest.mark.parametrize("who", ["superuser", "viewer"])
def test_what_a_list_offers_it_takes(who: str, registered: Registered, someone: Callable[[str], Client]) -> None:
    model, model_admin = registered
    browser = someone(who)
    first = browser.get(place(model))
    if first.status_code == 403:
        return
    assert first.status_code == 200
    request = first.wsgi_request
    offered = known(model_admin, request)
    asked = [f"{name}={quote(value)}" for name, values in offered.items() for value in values]
    listed = model_admin.get_changelist_instance(request)
    asked += [f"o={sign}{n}" for n in range(len(listed.list_display)) if listed._is_sortable(n) for sign in ("", "-")]
    asked += ["o=", "p=1", "all=", "_facets=True", "_popup=1"]
    if model_admin.get_search_fields(request):
        asked += ["q=", "q=" + quote("Anna 'Müller' \"a b\" %_\\ 👨‍👩‍👧"), "q=(&o=&p=1&all="]
    shown = first.content.decode()
    assert "_facets" not in shown
    asked += [link.replace("&amp;", "&") for link in re.findall(r'href="\?([^"]+)"', shown)]
    for query in asked:
        response = browser.get(f"{place(model)}?{query}")
        assert response.status_code == 200, query


def test_a_period_of_the_audit(someone: Callable[[str], Client]) -> None:
    browser, at = someone("superuser"), AuditEntry.objects.latest("at").at
    in_it = f"at__year={at.year}", f"at__year={at.year}&at__month={at.month}"
    for query in (*in_it, f"{in_it[1]}&at__day={at.day}"):
        response = browser.get(f"{place(AuditEntry)}?{query}&about=session")
        assert response.status_code == 200
        assert b"Session renamed" in response.content
        assert "at__gte" not in response.content.decode()
    assert b"Session renamed" not in browser.get(f"{place(AuditEntry)}?at__year={at.year - 1}").content
    for query in ("at__year=2999", "at__year=2024&at__month=12&at__day=31", "at__year=2024&at__month=2&at__day=29"):
        assert browser.get(f"{place(AuditEntry)}?{query}").status_code == 200, query
    for query in (
        "at__year=9999", "at__year=1", "at__year=0", "at__month=1", "at__day=1", "at__year=2026&at__day=1",
        "at__year=2026&at__month=13", "at__year=2025&at__month=2&at__day=29", "at__year=2026&at__month=0",
    ):  # fmt: skip
        assert browser.get(f"{place(AuditEntry)}?{query}").status_code == 400, query


def test_the_way_on_keeps_the_rest(someone: Callable[[str], Client]) -> None:
    response = someone("viewer").get(f"{place(Chat)}?kind__exact=group&text__regex=%28%3Cb%3E&q=a+b")
    shown = response.content.decode()
    assert response.status_code == 400
    assert f'href="{place(Chat)}?kind__exact=group&amp;q=a+b"' in shown
    assert "text__regex" in shown
    assert "&lt;b&gt;" not in shown, "of the value nothing is repeated"


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
        response = browser.get(f"{place(model)}{odd}/{tail}")
        assert response.status_code < 500, (model, odd[:20], tail)
        assert response.status_code != 200 or odd in ("add", "%D9%A3"), (model, odd[:20], tail)  # that is a 3
    for kind, odd in some(itertools.product(ContentType.objects.all(), IDS)):
        assert browser.get(f"/admin/r/{kind.pk}/{odd}/").status_code < 500, (kind, odd[:20])


@pytest.mark.parametrize("what", ["change", "history", "delete", "add"])
def test_a_rows_pages_take_no_other_parameters(what: str, someone: Callable[[str], Client]) -> None:
    browser, group = someone("superuser"), Group.objects.create(name="Team")
    where = place(Group, what, *([] if what == "add" else [group.pk]))
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
                response = browser.post(place(model), form)
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
        assert browser.post(place(User, "change", someone_else.pk), form).status_code < 500, key
        assert browser.post(place(Group, "change", group.pk), {"name": "x", "permissions": [key]}).status_code < 500


def test_the_search_and_the_lists_to_choose_from(someone: Callable[[str], Client]) -> None:
    browser = someone("viewer")
    assert browser.get("/admin/search/?s=chat&extended=1").status_code == 200
    assert browser.get("/admin/search/?s=chat&page=1").status_code == 200
    for query in ("s=a&page=a", "s=a&page=-1", "s=a&page=0", "s=a&page=99", f"s=a&page={NUMBER}", "s=" + "x" * 201):
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
    for address in some(odd_addresses(chat), 31):
        assert browser.get(address).status_code < 500, address[:200]
        posted = browser.post(address, {"action": "end", "device": next(odd)[:100], "next": next(odd)[:100]})
        assert posted.status_code < 500, address[:200]


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
    pages = [place(Command), place(Command, "change", command.pk), place(SessionEvent), "/admin/"]
    pages += [place(SessionEvent, "change", event.pk) for event in events]
    pages += [place(type(chat.session), "change", chat.session_id)]
    shown = "".join(browser.get(page).content.decode() for page in pages)
    manages = who in ("manager", "superuser")
    for canary in ("Canary-text", "Canary-answer", "Canary-colleague", "Canary-reason"):
        assert (canary in shown) == manages, canary
    for query in ("payload__text__startswith=C", "result__a__startswith=C", "payload=%7B%7D"):
        assert browser.get(f"{place(Command)}?{query}").status_code == 400
    for query in ("detail__to__startswith=C", "detail__reason__gt=1"):
        assert browser.get(f"{place(SessionEvent)}?{query}").status_code == 400
    for model in (Command, SessionEvent):
        listed = browser.get(f"{place(model)}?q=Canary")
        assert listed.context["cl"].result_count == 0, "no search looks there"
