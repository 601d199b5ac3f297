"""What may stand in an address of the admin: what its pages put there. Every lookup that Django knows of every field,
with odd values, as every kind of person, is refused before PostgreSQL hears of it.

Lookups are made from the models' own fields: a new field or model is tried without anybody thinking of it. ``--long``
tries them all; else every so manieth.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.admin import ModelAdmin, ShowFacets
from django.db.models import Field, Model
from django.test import Client, RequestFactory

from apps.chats.models import Chat
from apps.common.admin.parameters import KnownChangeList, KnownParameters, offered_by
from apps.staff.models import AuditEntry
from tests.kit.admin_lists import address
from tests.kit.lookups import (
    EVERY,
    LISTS,
    NUMBER,
    ODD,
    PEOPLE,
    REGISTERED,
    Registered,
    no_statement_with,
    someone,
)
from tests.kit.people import chat, quick_passwords
from tgadmin.core.ids import row_id

__all__ = ["chat", "quick_passwords", "someone"]

pytestmark = pytest.mark.django_db


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
            response = browser.get(f"{address(model)}?{name}={value}")
        assert response.status_code in (400, 403), (response.status_code, address(model), name, value[:20])
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
                response = browser.get(f"{address(model)}?{name}={value}")
            assert response.status_code == 400, (response.status_code, address(model), name, value[:20])


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
    request = browser.get(address(model)).wsgi_request
    mine = dict.fromkeys(known(model_admin, request), ODD)
    if model_admin.date_hierarchy:
        mine |= {f"{model_admin.date_hierarchy}__{part}": ODD for part in ("year", "month", "day")}
    for name, values in (OWN | mine).items():
        for value in values:
            response = browser.get(f"{address(model)}?{name}={value}")
            if is_known(name, value):
                assert response.status_code == 200, value
                continue
            assert response.status_code == 400, (name, value[:20])
            shown = response.content.decode()
            assert name in shown
            assert "Go on without it" in shown
        response = browser.get(f"{address(model)}?{name}=1&{name}=1")
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
    first = browser.get(address(model))
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
        response = browser.get(f"{address(model)}?{query}")
        assert response.status_code == 200, query


def test_a_period_of_the_audit(someone: Callable[[str], Client]) -> None:
    browser, at = someone("superuser"), AuditEntry.objects.latest("at").at
    in_it = f"at__year={at.year}", f"at__year={at.year}&at__month={at.month}"
    for query in (*in_it, f"{in_it[1]}&at__day={at.day}"):
        response = browser.get(f"{address(AuditEntry)}?{query}&about=session")
        assert response.status_code == 200
        assert b"Account renamed" in response.content
        assert "at__gte" not in response.content.decode()
    assert b"Account renamed" not in browser.get(f"{address(AuditEntry)}?at__year={at.year - 1}").content
    for query in ("at__year=2999", "at__year=2024&at__month=12&at__day=31", "at__year=2024&at__month=2&at__day=29"):
        assert browser.get(f"{address(AuditEntry)}?{query}").status_code == 200, query
    for query in (
        "at__year=9999", "at__year=1", "at__year=0", "at__month=1", "at__day=1", "at__year=2026&at__day=1",
        "at__year=2026&at__month=13", "at__year=2025&at__month=2&at__day=29", "at__year=2026&at__month=0",
    ):  # fmt: skip
        assert browser.get(f"{address(AuditEntry)}?{query}").status_code == 400, query


def test_the_way_on_keeps_the_rest(someone: Callable[[str], Client]) -> None:
    response = someone("viewer").get(f"{address(Chat)}?kind__exact=group&text__regex=%28%3Cb%3E&q=a+b")
    shown = response.content.decode()
    assert response.status_code == 400
    assert f'href="{address(Chat)}?kind__exact=group&amp;q=a+b"' in shown
    assert "text__regex" in shown
    assert "&lt;b&gt;" not in shown, "of the value nothing is repeated"
