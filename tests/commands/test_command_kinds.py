"""What is declared about the kinds of commands: complete, closed, and what follows from it."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from apps.commands.command_kinds import (
    CHAT_LANE,
    DEVICES_LANE,
    LOG_OUT_LANE,
    NEED_ACCOUNT,
    SIGN_IN_LANE,
    SLOW,
    SPECS,
    WITHOUT_ACCOUNT,
    CommandKind,
    CommandSpec,
    Rule,
    Subject,
    kind_of,
    peer_of,
)
from apps.commands.models import Command
from apps.commands.services.commands import OFFICIAL_LANES
from apps.staff.roles import Role
from tgadmin.core.official import OFFICIAL

pytestmark = pytest.mark.pure

READING = {CommandKind.HISTORY, CommandKind.DIALOGS, CommandKind.UNREAD}
IN_A_CHAT = {CommandKind.SEND, CommandKind.EDIT, CommandKind.DELETE}
OF_A_CHAT = IN_A_CHAT | {CommandKind.READ, CommandKind.MARK, CommandKind.TYPING, CommandKind.HISTORY}
ENDING = {CommandKind.LOG_OUT, CommandKind.SIGN_IN_CANCEL}


def kinds(**wanted: Any) -> set[CommandKind]:
    """The kinds whose declaration says so."""
    return {kind for kind, spec in SPECS.items() if all(getattr(spec, name) == value for name, value in wanted.items())}


def test_every_kind_is_declared() -> None:
    assert set(SPECS) == set(CommandKind), "a new kind of command: declare it in command_kinds.SPECS (docs/recipes.md)"


def test_the_declarations_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        SPECS[CommandKind.SEND] = SPECS[CommandKind.EDIT]  # type: ignore[index]
    with pytest.raises(AttributeError):
        SPECS[CommandKind.SEND].slow = True  # type: ignore[misc]


def test_what_is_stored_fits_its_columns() -> None:
    widths = {name: Command._meta.get_field(name).max_length for name in ("kind", "lane")}
    assert max(map(len, CommandKind)) <= widths["kind"]
    longest = {Subject.CHAT: -(2**63), Subject.AUTHORIZATION: 2**63, Subject.SIGN_IN: uuid.uuid4()}
    assert max(len(spec.lane.of(longest.get(spec.lane.subject))) for spec in SPECS.values()) <= widths["lane"]


# --- rights ---------------------------------------------------------------------------------------------------------


def test_what_nobody_needs_a_right_for_only_brings_something_to_an_end() -> None:
    assert {kind for kind, spec in SPECS.items() if spec.need.role is None} == ENDING
    assert {kind for kind, spec in SPECS.items() if not spec.is_limited} == ENDING


def test_what_the_system_may_ask_for() -> None:
    assert {kind for kind, spec in SPECS.items() if spec.need.system} == READING | ENDING | {CommandKind.DEVICES}


def test_who_starts_a_sign_in_may_go_on_with_it() -> None:
    steps = {kind for kind in CommandKind if kind.startswith("sign_in.")} - ENDING
    assert {kind for kind, spec in SPECS.items() if spec.need.or_starter} == steps


def test_the_role_grows_with_what_can_be_done() -> None:
    assert {kind for kind, spec in SPECS.items() if spec.need.role == Role.VIEWER} == {CommandKind.HISTORY}
    writing = IN_A_CHAT | {CommandKind.READ, CommandKind.MARK, CommandKind.TYPING}
    assert {kind for kind, spec in SPECS.items() if spec.need.role == Role.OPERATOR} == writing


# --- lanes ----------------------------------------------------------------------------------------------------------


def test_a_chats_order_is_kept_by_one_lane() -> None:
    assert kinds(lane=CHAT_LANE) == IN_A_CHAT
    assert {kind for kind, spec in SPECS.items() if spec.lane.subject is Subject.CHAT} == OF_A_CHAT


def test_lanes_as_they_are_stored() -> None:
    attempt = uuid.uuid4()
    assert (CHAT_LANE.of(-5), DEVICES_LANE.of(), LOG_OUT_LANE.of(7)) == ("chat:-5", "devices", "log-out:7")
    assert SIGN_IN_LANE.of(attempt) == f"sign-in:{attempt}"


def test_lanes_of_different_things_have_different_names() -> None:
    lanes = {spec.lane for spec in SPECS.values()}
    assert len({lane.name for lane in lanes}) == len(lanes)
    assert not any(":" in lane.name for lane in lanes)


def test_lanes_of_telegrams_own_accounts() -> None:
    expected = {f"{name}:{peer_id}" for name in ("chat", "read", "mark", "typing", "history") for peer_id in OFFICIAL}
    assert expected == OFFICIAL_LANES


def test_only_a_chats_lane_tells_a_peer() -> None:
    assert peer_of(CommandKind.SEND, "chat:-1000000000009") == -1000000000009
    assert peer_of(CommandKind.HISTORY, "history:5") == 5
    assert peer_of(CommandKind.LOG_OUT, "log-out:5") == 0
    assert peer_of(CommandKind.DIALOGS, "account") == 0


# --- how it is carried out ------------------------------------------------------------------------------------------


def test_what_ends_with_the_authorization() -> None:
    chat_or_account = OF_A_CHAT | READING
    devices = {kind for kind in CommandKind if kind.startswith("devices")}
    assert set(NEED_ACCOUNT) == chat_or_account | devices
    assert set(WITHOUT_ACCOUNT) == set(CommandKind) - set(NEED_ACCOUNT)


def test_fetches_are_slow() -> None:
    assert set(SLOW) == READING


def test_what_follows_from_an_unknown_outcome() -> None:
    looks_first = {
        CommandKind.SEND,
        CommandKind.SIGN_IN_SEND_CODE,
        CommandKind.SIGN_IN_CODE,
        CommandKind.SIGN_IN_QR,
        CommandKind.SIGN_IN_PASSWORD,
    }
    assert kinds(rule=Rule.CHECK) == looks_first
    assert kinds(rule=Rule.DROP) == {CommandKind.TYPING}


def test_a_sign_ins_answers_are_the_persons() -> None:
    steps = {kind for kind in CommandKind if kind.startswith("sign_in.")}
    assert kinds(obeys_waits=False) == kinds(patient=False) == kinds(tries=4, timeout=60.0) == steps


def test_what_waits_for_telegram_says_for_what() -> None:
    """The flood ledger is asked for a kind's methods: one without any is never held back by it."""
    unnamed = {kind for kind, spec in SPECS.items() if spec.obeys_waits and not spec.methods}
    assert unnamed == {CommandKind.PROXY_SET, CommandKind.PROXY_TRY}, "they ask nothing of the account's"


def test_a_kind_of_another_version() -> None:
    assert (kind_of("send"), kind_of("send_money")) == (CommandKind.SEND, None)


# --- the pages ------------------------------------------------------------------------------------------------------

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "command-kinds.md"
HEAD = """\
# Kinds of commands in the bus

What the gateway is asked to do at Telegram is a row of `telegram_commands`; the admin shows them under *Commands*.
This page says of each kind what is declared about it (`apps/commands/command_kinds.py`).
It is written by `bin/test tests/commands/test_command_kinds.py --write-docs`; the test fails when it differs from
the code.

- **who**: the role that whoever asked must have, when they ask and when it is carried out.
  *starter*: whoever started the sign-in of a new account will do as well.
  *nobody*: it ends at Telegram what was decided here.
  *system*: the program asks for it too.
- **lane**: commands of one lane run one after another, in their order; lanes do not wait for each other.
- **unknown outcome**: what happens when nobody knows whether Telegram did it.
  *repeat*: twice is the same as once.
  *look*: the gateway looks first.
  *drop*: it is given up.
- **account**: *yes* if it waits until the account is connected, and fails when the account is logged out.
- **tries**: how often it is tried at most; a flood wait that is waited for is none.
- **waits for**: Telegram's methods whose flood waits hold it back.

| kind | who | lane | unknown outcome | account | tries | waits for |
|---|---|---|---|---|---|---|
"""
LANES = {Subject.CHAT: "chat", Subject.AUTHORIZATION: "authorization", Subject.SIGN_IN: "sign-in"}


def row(kind: CommandKind, spec: CommandSpec) -> str:
    need, lane = spec.need, spec.lane
    who = [need.role.label.lower() if need.role else "nobody"]
    who += ["starter"] * need.or_starter + ["system"] * need.system
    name = f"`{lane.name}`" if lane.subject is Subject.ACCOUNT else f"`{lane.name}:` {LANES[lane.subject]}"
    account = "yes" if spec.needs_account else "no"
    methods = ", ".join(f"`{method}`" for method in spec.methods if spec.obeys_waits)
    cells = (f"`{kind}`", ", ".join(who), name, spec.rule.name.lower(), account, str(spec.tries), methods or "–")
    return f"| {' | '.join(cells)} |\n"


def test_the_page_says_the_same(request: pytest.FixtureRequest) -> None:
    page = HEAD + "".join(row(kind, SPECS[kind]) for kind in CommandKind)
    if request.config.getoption("--write-docs"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page


def test_the_recipe_names_what_there_is() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    section = page.partition("## How to add a command kind\n")[2].partition("\n## ")[0]
    paths = [word for word in section.split("`") if "/" in word and word.endswith(".py")]
    assert len(paths) >= 5
    assert [path for path in paths if not (ROOT / path).exists()] == []
