"""The comparison can fail: each way in which the truth and what is stored can part is planted, and found."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.faults import Faults
from tests.chaos import compare
from tests.chaos.links import LINKS
from tests.chaos.run import ROUND_SECONDS, Report, Scale, never_struck, schedule
from tests.chaos.scene import Account
from tests.chaos.troubles import DATA_CENTRE, MET, PROCESSES, Field

pytestmark = pytest.mark.pure

PEER, ROOM = 5, -1000000000007
Stored = dict[str, Any]


def world() -> dict[str, Any]:
    """A snapshot as the sandbox gives it."""

    def message(number: int, text: str, out: bool = False, reply_to: int | None = None) -> dict[str, Any]:
        return {"id": number, "text": text, "out": out, "reply_to": reply_to}

    return {
        str(PEER): [message(1, "hello"), message(2, "out 1", True, 1), message(4, "bye")],
        str(ROOM): [message(1, "first"), message(3, "edited 9")],
        "read_marks": {str(PEER): {"unread": 2}, str(ROOM): {"unread": 0}},
    }


def stored() -> Stored:
    """The same as the database has it: one message was deleted in each chat."""

    def row(number: int, text: str, out: bool = False, reply_to: int | None = None) -> list[Any]:
        return [number, text, out, reply_to, "sent" if out else "received", 99 if out else None]

    return {
        str(PEER): {
            "live": [row(1, "hello"), row(2, "out 1", True, 1), row(4, "bye")],
            "dead": [[3, ""]], "unread": 2, "last": 4, "last_event": 5, "events": [1, 2, 3, 4, 5], "from": 0,
        },
        str(ROOM): {
            "live": [row(1, "first"), row(3, "edited 9")],
            "dead": [[2, ""]], "unread": 0, "last": 3, "last_event": 4, "events": [1, 2, 3, 4], "from": 1,
        },
    }  # fmt: skip


def test_what_agrees_has_no_differences() -> None:
    assert compare.differences(world(), stored(), [PEER, ROOM]) == []


def lose(chat: Stored) -> None:
    del chat["live"][0]


def double(chat: Stored) -> None:
    chat["live"].append(list(chat["live"][0]))


def keep_a_deleted_one(chat: Stored) -> None:
    chat["live"].append([3, "should be gone", False, None, "received", None])


def miss_an_edit(chat: Stored) -> None:
    chat["live"][2][1] = "before the edit"


def take_ours_for_theirs(chat: Stored) -> None:
    chat["live"][1][2] = False


def forget_what_it_answers(chat: Stored) -> None:
    chat["live"][1][3] = None


def never_send(chat: Stored) -> None:
    chat["live"].append([None, "out 2", True, None, "sending", 100])


def keep_a_deleted_text(chat: Stored) -> None:
    chat["dead"][0][1] = "secret"


def lose_an_event(chat: Stored) -> None:
    chat["events"].remove(3)


def repeat_an_event(chat: Stored) -> None:
    chat["events"].insert(3, 3)


def lose_the_last_event(chat: Stored) -> None:
    chat["events"].pop()


def show_an_old_last_message(chat: Stored) -> None:
    chat["last"] = 2


def count_wrongly(chat: Stored) -> None:
    chat["unread"] += 1


SABOTAGES = [
    (lose, "lost 1"),
    (double, "twice"),
    (keep_a_deleted_one, "too many 3"),
    (miss_an_edit, "stale 4"),
    (take_ours_for_theirs, "stale 2"),
    (forget_what_it_answers, "stale 2"),
    (never_send, "never sent"),
    (keep_a_deleted_text, "kept its text"),
    (lose_an_event, "holes"),
    (repeat_an_event, "holes"),
    (lose_the_last_event, "holes"),
    (show_an_old_last_message, "as the last"),
    (count_wrongly, "unread"),
]


@pytest.mark.parametrize(("sabotage", "message"), SABOTAGES, ids=[one.__name__ for one, _ in SABOTAGES])
def test_each_sabotage_is_found(sabotage: Callable[[Stored], None], message: str) -> None:
    changed = stored()
    sabotage(changed[str(PEER)])
    found = compare.differences(world(), changed, [PEER, ROOM])
    assert found
    assert all(line.startswith(f"{PEER}: ") for line in found)
    assert any(message in line for line in found), found


def test_a_missing_chat_is_found() -> None:
    changed = stored()
    del changed[str(ROOM)]
    assert compare.differences(world(), changed, [PEER, ROOM]) == [f"{ROOM}: no such chat"]


def test_what_would_be_asked_for_again_is_not_compared() -> None:
    changed = stored()
    changed[str(PEER)]["from"] = 2
    lose(changed[str(PEER)])
    assert compare.differences(world(), changed, [PEER, ROOM]) == []
    changed[str(PEER)]["from"] = None
    assert compare.differences(world(), changed, [PEER, ROOM]) == [f"{PEER}: nothing is known"]


WRITTEN = [(11, "out 1"), (12, "out 2"), (13, "out 3")]


@pytest.mark.parametrize(
    ("seen", "touched", "message"),
    [
        (["hello", "out 1", "out 2", "out 3"], set(), ""),
        (["out 1", "out 3"], {12}, ""),
        (["out 1", "out 1", "out 2", "out 3"], set(), "twice"),
        (["out 1", "out 3"], set(), "never arrived: out 2"),
        (["out 2", "out 1", "out 3"], set(), "order"),
        (["out 3", "out 1"], {12}, "order"),
    ],
)
def test_the_other_sides_view(seen: list[str], touched: set[int], message: str) -> None:
    found = compare.order(seen, WRITTEN, touched)
    assert bool(found) == bool(message)
    assert message in " ".join(found)


def test_what_failed_and_was_sent_again_may_come_late_but_must_come_once() -> None:
    assert compare.order(["out 2", "out 3", "out 1"], WRITTEN, set(), {11}) == []
    assert compare.order(["out 2", "out 3"], WRITTEN, set(), {11}) == ["never arrived: out 1"]
    assert compare.order(["out 3", "out 2", "out 1"], WRITTEN, set(), {11}) != []


def shown() -> dict[int, dict[str, Any]]:
    return {
        2: {"tid": 20, "text": "b", "deleted": False},
        3: {"tid": 30, "text": "", "deleted": True},
        4: {"tid": None, "text": "d", "deleted": False},
    }


ROWS = [[1, 10, "a", False], [2, 20, "b", False], [3, 30, "", True], [4, None, "d", False]]


@pytest.mark.parametrize(
    ("sabotage", "message"),
    [
        (lambda page: None, ""),
        (lambda page: page.pop(4), "does not show 4"),
        (lambda page: page.update({9: {"tid": 90, "text": "x", "deleted": False}}), "shows 9"),
        (lambda page: page[2].update(text="old"), "shows 2 as it was"),
        (lambda page: page[4].update(tid=40), "shows 4 as it was"),
        (lambda page: page[3].update(deleted=False), "shows 3 as it was"),
    ],
)
def test_an_open_page(sabotage: Callable[[Any], Any], message: str) -> None:
    page = copy.deepcopy(shown())
    sabotage(page)
    found = compare.page(page, ROWS)
    assert bool(found) == bool(message)
    assert message in " ".join(found)


def test_the_same_seed_plans_the_same_troubles() -> None:
    first, again, other = (schedule(random.Random(seed), PROCESSES, 120) for seed in (1, 1, 2))
    assert first == again != other


def test_every_kind_comes_in_every_round_and_has_a_count() -> None:
    every = (*PROCESSES, *DATA_CENTRE, *LINKS)
    for kinds in (PROCESSES, DATA_CENTRE, LINKS):
        planned = [one.trouble.kind for one in schedule(random.Random(3), kinds, 3 * ROUND_SECONDS)]
        assert all(planned.count(trouble.kind) == 3 for trouble in kinds)
    assert set(MET) <= {trouble.kind for trouble in every}
    assert len({trouble.kind for trouble in every}) == len(every)


class Told:
    """A data centre that only notes what it is told."""

    def __init__(self) -> None:
        self.faults: set[str] = set()

    def call(self, name: str, /, **args: Any) -> int:
        area, _, method = name.partition(".")
        if area == "faults":
            self.faults.add(method)
        return 1


NOT_TROUBLES = {
    "clear", "thaw", "meet", "pending", "struck",  # end a fault, or tell of it
    "check_connection", "transport_error", "is_frozen", "delay_of",  # asked by the data centre itself
    "one_owner",  # on from the beginning to the end of every run
    "hold", "disorder",  # tried in tests/gateway/test_faults_table.py; not yet among the troubles
    "allow",  # what it answers is what "flood" answers: FLOOD_WAIT
    "one_connection",  # one owner may have several: only two owners are punished
}  # fmt: skip


def test_every_fault_that_the_sandbox_has_is_among_the_troubles() -> None:
    told = Told()
    people = [Account(f"49151{number}", number, [11, 12, 13], -5, ROOM, ROOM - 1) for number in (1, 2)]
    cluster: Any = SimpleNamespace(control=told, gateways=["gateway-1"])
    others: Any = SimpleNamespace(write=lambda *_: None)
    staff: Any = SimpleNamespace(away=set())
    writing: Any = SimpleNamespace(asked=SimpleNamespace(put=lambda _: None))
    field = Field(cluster, people, people[0], others, staff, writing, lambda _: None)
    for trouble in DATA_CENTRE:
        end = trouble.begin(field, random.Random(1))
        if end is not None:
            end()
    faults = {name for name, value in vars(Faults).items() if callable(value) and not name.startswith("_")}
    assert faults - NOT_TROUBLES == told.faults - NOT_TROUBLES


def test_what_never_struck_fails() -> None:
    scale = Scale(60, 1)
    assert report_kinds(Report(scale)) == scale.kinds
    assert set(never_struck(scale, Counter(dict.fromkeys(scale.kinds, 1)))) == set()
    assert never_struck(scale, Counter(dict.fromkeys(scale.kinds[1:], 1))) == [f"{scale.kinds[0]} never struck"]


def report_kinds(report: Report) -> list[str]:
    """The kinds that a report counts, in its order."""
    return [line.split()[0] for line in report.lines() if line.startswith("  ")]


def test_what_is_wrong_is_said() -> None:
    report = Report(Scale(60, 1))
    assert list(report.lines())[-1].startswith("nothing lost")
    report.wrong.append("5: lost 1")
    assert list(report.lines())[-2:] == ["WRONG 5: lost 1", "failed"]
