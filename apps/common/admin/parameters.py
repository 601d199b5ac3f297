"""What may stand behind the "?" of the admin's addresses: what its pages themselves put there, and nothing else.

Django's own lists take any lookup of any field (``?text__regex=…``), whatever it costs or tells. Here a list takes the
values that its filters offer, a period of its ``date_hierarchy``, words to search for, a column to sort by and a page;
all else is refused with 400 before PostgreSQL hears of it. Every registered ModelAdmin has ``KnownParameters`` as its
first base (tests/test_security_lookups.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.admin import FieldListFilter, ShowFacets
from django.contrib.admin.filters import ListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_FACETS_VAR, IS_POPUP_VAR, TO_FIELD_VAR, IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path, lookup_spawns_duplicates
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.core.exceptions import ValidationError
from django.db.models import Field, Model, QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from unfold.views import ChangeList

from tgadmin.addresses import NO_PAGE, NotUnderstood, check_page, check_search

DEEPEST_PAGE = 1000
"""Of a list that is not counted: PostgreSQL reads past everything before a page."""
YEARS = range(1970, 3000)
PRESERVED = "_changelist_filters"
"""The list's own parameters, which a row's page hands back to it."""

SCRIPTS_OF_NO_PAGE = {"urlify.js", "prepopulate.js", "vendor/xregexp/xregexp.js"}
"""For fields that are filled in from others: there are none."""
SCRIPTS_OF_FORMS = {"vendor/jquery/jquery.js", "jquery.init.js", "admin/RelatedObjectLookups.js"}

NOT_OF_LISTS = (ERROR_FLAG, TO_FIELD_VAR)
"""Django's own that no list here needs."""
WITHOUT_EFFECT = {IS_FACETS_VAR: "True", IS_POPUP_VAR: "1"}
"""Django's own that bookmarks may have, as Django writes them. Facets, which count every row once for each value, are
off."""
NOT_OFFERED = "The list does not offer this value."
TWICE = "It stands there more than once."
NO_COLUMN = "There is no such order."
NO_PERIOD = "This is no year, month or day."
NO_ROW = "This names no row."


class _Offers:
    """Stands in for a list when a filter is asked for its links: what each of them would put into the address."""

    add_facets = is_popup = False

    @staticmethod
    def get_query_string(new: dict[str, Any] | None = None, remove: Any = None) -> dict[str, Any]:
        return new or {}


def offered_by(spec: ListFilter) -> set[tuple[str, str]]:
    """(parameter, value) of every link that the filter draws."""
    choices: Iterator[Any] = spec.choices(_Offers())  # type: ignore[arg-type]  # all that filters ask of a list
    links = (choice.get("query_string") for choice in choices)
    values = (pair for link in links if isinstance(link, dict) for pair in link.items())
    return {(name, str(value)) for name, value in values if value is not None}  # None takes the parameter away


class KnownChangeList(ChangeList):
    """A list whose filters take what they offer. Raises NotUnderstood for all else."""

    def get_filters(self, request: HttpRequest) -> Any:
        asked: dict[str, list[str]] = self.get_filters_params()
        given, shown, duplicates = dict(asked), [], False
        for list_filter in self.list_filter:
            before = set(asked)
            spec, path = self._spec(request, list_filter, asked)
            taken = before - set(asked)
            self._refuse_what_is_not_offered(spec, {name: given[name] for name in taken})
            if taken and path:
                duplicates |= lookup_spawns_duplicates(self.lookup_opts, path)
            if spec.has_output():
                shown.append(spec)
        self.period, bounds = self._period(asked)
        if asked:
            raise NotUnderstood(next(iter(asked)))
        return shown, bool(shown), bounds, duplicates, len(given) > len(self.period)

    def _spec(self, request: HttpRequest, list_filter: Any, asked: dict[str, list[str]]) -> tuple[Any, str]:
        """The filter, which takes its parameters out of ``asked``, and the path of its field."""
        if callable(list_filter):
            return list_filter(request, asked, self.model, self.model_admin), ""
        field, make = list_filter if isinstance(list_filter, tuple | list) else (list_filter, FieldListFilter.create)
        path = "" if isinstance(field, Field) else str(field)
        if path:
            field = get_fields_from_path(self.model, path)[-1]
        return make(field, request, asked, self.model, self.model_admin, field_path=path or None), path

    def _refuse_what_is_not_offered(self, spec: ListFilter, taken: dict[str, list[str]]) -> None:
        """A filter by rows also takes the number of one that is not there, or no longer: it finds nothing."""
        offered = offered_by(spec) if taken else set()
        is_number = getattr(spec, "is_number", lambda value: False)
        for name, values in taken.items():
            if not all((name, value) in offered or is_number(value) for value in values):
                raise NotUnderstood(name, NOT_OFFERED)

    def _period(self, asked: dict[str, list[str]]) -> tuple[dict[str, str], dict[str, list[Any]]]:
        """The year, month or day of ``date_hierarchy``, taken out of ``asked``, and the lookups that bound it."""
        names = [f"{self.date_hierarchy}__{part}" for part in ("year", "month", "day")] if self.date_hierarchy else []
        given = {name: asked.pop(name)[-1] for name in names if name in asked}
        if not given:
            return {}, {}
        last = list(given)[-1]
        parts = [int(value) if re.fullmatch(r"[0-9]{1,4}", value) else 0 for value in given.values()]
        if list(given) != names[: len(given)] or parts[0] not in YEARS:
            raise NotUnderstood(last, NO_PERIOD)
        year, month, day = (*parts, 1, 1)[:3]
        try:
            start = datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            raise NotUnderstood(last, NO_PERIOD) from None
        end = start + timedelta(days=1) if len(parts) == 3 else _later(start, 12 if len(parts) == 1 else 1)
        return given, {f"{self.date_hierarchy}__gte": [start], f"{self.date_hierarchy}__lt": [end]}

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        # Django's would hand the period on as the bounds that were made of it.
        self.clear_all_filters_qs = self.get_query_string(dict(self.period), remove=list(self.get_filters_params()))
        return rows

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        order = self.params.get(ORDER_VAR, "")
        columns = order.split(".") if order else []
        numbers = [int(column.lstrip("-")) for column in columns if re.fullmatch(r"-?[0-9]{1,2}", column)]
        sortable = len(numbers) == len(columns) == len(set(numbers)) and all(map(self._is_sortable, numbers))
        if not sortable:
            raise NotUnderstood(ORDER_VAR, NO_COLUMN)
        return list(super().get_ordering(request, queryset))

    def _is_sortable(self, column: int) -> bool:
        return column < len(self.list_display) and bool(self.get_ordering_field(self.list_display[column]))

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except IncorrectLookupParameters:
            raise NotUnderstood(PAGE_VAR, NO_PAGE) from None
        if self.page_num > 1 and not self.multi_page:
            raise NotUnderstood(PAGE_VAR, NO_PAGE)


if TYPE_CHECKING:
    from unfold.admin import ModelAdmin as _Admin
else:
    _Admin = object


class KnownParameters(_Admin):
    """The first base of every registered ModelAdmin: its pages take the parameters that they use.

    It is none itself: Django's own of users and groups come before Unfold's, whose attributes are empty.
    """

    show_facets = ShowFacets.NEVER
    empty = ""
    """What the list says while it has no rows at all: a sentence, or two."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Titled as in the menu, not with what one may do there ("Select … to view")."""
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    has_form = True
    """Whether rows can be changed, so that forms need Django's scripts."""

    @property
    def media(self) -> Media:
        """Django's scripts, without those that no page of this admin uses."""
        found: Any = super().media
        unused = SCRIPTS_OF_NO_PAGE | (set() if self.has_form else SCRIPTS_OF_FORMS)
        if self.actions is None:
            unused |= {"actions.js"}
        scripts = [path for path in found._js if _short(path) not in unused]  # noqa: SLF001 - no other way to leave some out
        return Media(css=found._css, js=scripts)  # noqa: SLF001

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KnownChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """No lookup of Django's own way: KnownChangeList asks the filters instead."""
        return False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        given = request.GET
        for name, values in given.lists():
            if name in NOT_OF_LISTS:
                raise NotUnderstood(name)
            if len(values) > 1:
                raise NotUnderstood(name, TWICE)
            if values[0] != WITHOUT_EFFECT.get(name, values[0]):
                raise NotUnderstood(name, NOT_OFFERED)
        deepest = None if self.show_full_result_count else DEEPEST_PAGE
        check_page(given.get(PAGE_VAR), PAGE_VAR, deepest)
        if given.get(ALL_VAR):  # it stands there alone
            raise NotUnderstood(ALL_VAR, NOT_OFFERED)
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            if not is_key(self.model, key):
                raise NotUnderstood(ACTION_CHECKBOX_NAME, NO_ROW)
        try:
            return super().get_changelist_instance(request)
        except IncorrectLookupParameters:  # Django's answer would be the list without any of them
            raise NotUnderstood(next(iter(given), ""), NOT_OFFERED) from None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        check_search(search_term, "term" if "term" in request.GET else SEARCH_VAR)
        return super().get_search_results(request, queryset, search_term)

    # --- one row: who may not see it anyway is told that first ---

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if self.has_add_permission(request) if object_id is None else self.has_view_or_change_permission(request):
            self._check_row_parameters(request)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if self.has_delete_permission(request):
            self._check_row_parameters(request)
        return super().delete_view(request, object_id, extra_context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if self.has_view_or_change_permission(request):
            self._check_row_parameters(request, PAGE_VAR)
            check_page(request.GET.get(PAGE_VAR), PAGE_VAR, DEEPEST_PAGE)
        return super().history_view(request, object_id, extra_context)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """An address fills no form in."""
        return {}

    def _check_row_parameters(self, request: HttpRequest, *more: str) -> None:
        for name, value in request.GET.items():
            if name not in (PRESERVED, IS_POPUP_VAR, TO_FIELD_VAR, *more):
                raise NotUnderstood(name)
            if name == IS_POPUP_VAR and value != "1":
                raise NotUnderstood(name, NOT_OFFERED)
            if name == TO_FIELD_VAR and not self.to_field_allowed(request, value):
                raise NotUnderstood(name, NOT_OFFERED)


def _short(script: object) -> str:
    """Of one of Django's own: its name as the tables above have it."""
    return str(script).removeprefix("admin/js/").replace(".min.", ".")


def is_key(model: type[Model], text: str) -> bool:
    """Whether a row could have this primary key."""
    try:
        model._meta.pk.clean(text, None)
    except (ValidationError, ValueError, OverflowError):
        return False
    return True


def _later(first: datetime, months: int) -> datetime:
    """So many months after the first of a month."""
    years, month = divmod(first.month - 1 + months, 12)
    return first.replace(year=first.year + years, month=month + 1)
