"""docs/rights.md: every address, socket frame and command by role. Each cell is what really happened here when such a
person asked; the test fails where the page and what happens differ, and where something is missing.

``pytest tests/test_rights_table.py --write-docs`` (in one process) writes the page again: read its
diff before you keep it.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.db import transaction
from django.test import Client

from apps.chats.live.frames.incoming import TYPES
from apps.chats.models import Chat, Message
from apps.chats.payloads import PROTOCOL
from tests.kit.confirmed import confirmed
from tests.kit.people import SECRET, chat, person, quick_passwords
from tests.kit.routes import Examples, examples, outcome, routes
from tests.kit.running import ROOT
from tests.kit.sockets import Connect, Page, connect
from tests.test_security_rights import FRAMES

__all__ = ["chat", "connect", "examples", "quick_passwords"]

PAGE = ROOT / "docs" / "rights.md"
PEOPLE = {
    "anonymous": "nobody",
    "plain": "staff",
    "nobody": "staff +",
    "viewer": "viewer",
    "operator": "operator",
    "manager": "manager",
    "superuser": "superuser",
}
"""Who asks (tests/kit/people.py), and the head of his column."""
READERS = ("viewer", "operator", "manager", "superuser")
METHODS = ("GET", "POST")
BOTH = "GET POST"

COLUMNS: dict[str, dict[str, dict[tuple[str, ...], str]]] = {"addresses": {}, "frames": {}, "commands": {}}
"""What this run has found, by table, person and row."""


@pytest.fixture
def writing(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--write-docs"))


def agree(table: str, who: str, found: dict[tuple[str, ...], str], writing: bool) -> None:
    """With the page; what was found is kept for writing it."""
    COLUMNS[table][who] = found
    if writing:
        return
    said = {row: cells[PEOPLE[who]] for row, cells in _read(table).items() if cells[PEOPLE[who]] != "–"}
    missing = sorted(found.keys() - said.keys())
    assert not missing, f"not in docs/rights.md (write it again with --write-docs): {missing}"
    gone = sorted(said.keys() - found.keys())
    assert not gone, f"in docs/rights.md, but nowhere else: {gone}"
    assert {row: cell for row, cell in found.items() if said[row] != cell} == {}, f"differs for {PEOPLE[who]}"


def someone(who: str, chat: Chat) -> User | None:
    if who == "plain":
        return User.objects.create_user("plain", password="x", is_staff=True)
    return person(who, chat.session)


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("who", PEOPLE)
def test_addresses(who: str, examples: Examples, writing: bool, settings: Any, tmp_path: Path) -> None:
    demo = {"phones": ["4915100000001"], "codes": str(tmp_path / "codes")}
    settings.DEMO_FILE = str(tmp_path / "demo.json")
    Path(settings.DEMO_FILE).write_text(json.dumps(demo))
    user = someone(who, examples.chat)
    client = Client()
    if user is not None:
        client.force_login(user)
        confirmed(client)
    login = {name: morsel.value for name, morsel in client.cookies.items()}
    found: dict[tuple[str, ...], str] = {}
    for route in routes():
        for method in METHODS:
            client.cookies.load(login)  # the address before may have ended it
            with transaction.atomic():  # what one request does, the next does not find
                response = client.generic(method, examples.address(route), headers={"accept": "text/html"})
                cell = outcome(client, route, response)
                transaction.set_rollback(True)
            assert response.status_code < 500, (method, route)
            if who not in READERS and who != "plain":
                assert SECRET.encode() not in response.content, (method, route)
            if cell in ("no", "hidden", "sign in"):
                assert SECRET.encode() not in response.content, (method, route)
            assert cell != "sign in" or who == "anonymous", (method, route)
            found[f"/{route}", method] = cell
    # What only answers to one method is one row.
    for address, method in [key for key, cell in found.items() if cell == "–"]:
        del found[address, method]
    agree("addresses", who, found, writing)


# --- the live socket ------------------------------------------------------------------------------------------------

PLAIN_FRAMES: dict[str, dict[str, Any]] = {"hello": {"version": PROTOCOL}, "ping": {}, "close": {}}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", PEOPLE)
async def test_frames(who: str, chat: Chat, connect: Connect, writing: bool) -> None:
    """Every frame that the consumer knows; a refusal as NOT_FOUND hides."""
    kinds = list(TYPES)
    assert set(kinds) == PLAIN_FRAMES.keys() | FRAMES.keys(), "a frame without an example"
    user = await sync_to_async(someone)(who, chat)
    ours = await Message.objects.aget(chat=chat, telegram_id=2)
    rows: dict[str, Any] = {"session": chat.session_id, "chat": chat.pk, "ours": ours.pk}
    socket = await connect(user)
    found: dict[tuple[str, ...], str] = {}
    for kind in kinds:
        fields = PLAIN_FRAMES[kind] if kind in PLAIN_FRAMES else FRAMES[kind][0]
        given = {
            name: [rows[one] for one in value] if isinstance(value, list) else rows.get(value, value)
            if isinstance(value, str) else value
            for name, value in fields.items()
        }  # fmt: skip
        closed = "sign in" in found.values()  # and stays so
        found[kind,] = "sign in" if closed else await _answer(socket, kind, given)
    agree("frames", who, found, writing)


async def _answer(socket: Page, kind: str, fields: dict[str, Any]) -> str:
    await socket.send(type=kind, ref=kind, **fields)
    if kind != "hello":
        await socket.send(type="nothing", ref="end")
    codes: list[str] = []

    def last(frame: dict[str, Any]) -> bool:
        if frame["type"] == "error" and frame["ref"] == kind:
            codes.append(frame["code"])
        return frame.get("ref") == "end" or frame["type"] in ("welcome", "closed")

    frame = await socket.until(last)
    if frame["type"] == "closed":
        return "sign in"
    return "hidden" if "NOT_FOUND" in codes else "yes"


# --- commands -------------------------------------------------------------------------------------------------------

SHELL = "shell"
Arguments = Callable[[Chat], tuple[str, ...]]
BY_USER: dict[tuple[str, str], Arguments] = {
    ("session", "list"): lambda chat: (),
    ("session", "check"): lambda chat: (str(chat.session_id), "--timeout", "0"),
    ("session", "logout"): lambda chat: (str(chat.session_id), "--timeout", "0"),
    ("session", "proxy"): lambda chat: (str(chat.session_id),),
    ("session", "devices"): lambda chat: (str(chat.session_id), "--stored"),
    ("session", "export"): lambda chat: (str(chat.session_id), "--reason", "to see who may"),
    ("session", "import"): lambda chat: ("--session", str(chat.session_id), "--file", str(ROOT / "README.md")),
    ("session", "login"): lambda chat: ("--session", str(chat.session_id), "--json", "--timeout", "0"),
    ("chat", "list"): lambda chat: (str(chat.session_id),),
    ("chat", "history"): lambda chat: (str(chat.pk),),
    ("chat", "send"): lambda chat: (str(chat.pk), "--text", "x", "--timeout", "0"),
}
"""Arguments of the commands that act with a user's rights (``--user``)."""
OF_NO_ACCOUNT = {("session", "cleanup"), ("session", "rekey")}
"""Those that take ``--user`` as all of theirs do, and are about the installation: nobody's rights are asked."""


def our_commands() -> Iterable[tuple[str, str, argparse.ArgumentParser]]:
    """(command, action or empty, its parser)."""
    for name, app in sorted(get_commands().items()):
        if not app.startswith(("apps.", "tgadmin")):
            continue
        parser = load_command_class(app, name).create_parser("manage.py", name)
        choices = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
        if choices:
            yield from ((name, action, sub) for action, sub in choices[0].choices.items())
        else:
            yield name, "", parser


@pytest.mark.django_db
@pytest.mark.parametrize("who", PEOPLE)
def test_commands(who: str, chat: Chat, writing: bool, settings: Any) -> None:
    settings.TELEGRAM_NETWORK = chat.session.network
    someone(who, chat)
    found: dict[tuple[str, ...], str] = {}
    for name, action, parser in our_commands():
        row = (f"{name} {action}".strip(),)
        if "--user" not in parser._option_string_actions or (name, action) in OF_NO_ACCOUNT:
            found[row] = SHELL
            continue
        assert (name, action) in BY_USER, f"'{row[0]}' acts with a user's rights and has no example here"
        with transaction.atomic():
            found[row] = _ran(name, action, *BY_USER[name, action](chat), "--user", who)
            transaction.set_rollback(True)
    agree("commands", who, found, writing)


REFUSALS = ("There is no account", "There is no such account", "There is no chat", "There is no active user")


def _ran(*arguments: str) -> str:
    out = io.StringIO()
    try:
        call_command(*arguments, stdout=out)
    except CommandError as error:
        refused = str(error).startswith(REFUSALS) and SECRET not in str(error)
        return "hidden" if refused else "yes"
    return "yes" if SECRET in out.getvalue() or arguments[1] != "list" else "nothing"


# --- the page -------------------------------------------------------------------------------------------------------

HEADS = {"addresses": ("address", "method"), "frames": ("frame",), "commands": ("command",)}
INTRODUCTION = """\
# Who may do what

Made by `tests/test_rights_table.py`: each cell is what happened when such a person asked.
Do not edit it: `bin/test tests/test_rights_table.py --write-docs` writes it again.

Everything asked about belongs to one account.
Who asked:

- **nobody**: not signed in.
- **staff**: signed in, without any right or permission.
- **staff +**: with every permission that can be given, but no right in the account.
- **viewer**, **operator**, **manager**: with that role in the account, their own or by a group, and no permission.
- **superuser**: manages every account.

What happened:

- *yes*: it answers; a page may still offer less to one than to another, and a list shows what one may see.
- *no*: 403.
- *hidden*: 404, as what does not exist.
- *sign in*: sent to the sign-in.
- *–*: not by this method.
- *shell*: who has the machine's shell.
- *nothing*: it runs, and shows nothing of the account.

An action that the row's state does not offer (enabling what is enabled) is *no* for all;
a POST to a row's old short address is only sent on to its page, which asks.

A chat with Telegram's own account, where login codes arrive,
and messages forwarded from it are *hidden* from all but managers,
whatever the table says of other chats (`tests/chats/test_service_account.py`); codes in them are masked.

A login whose second factor is still to be given is sent to the page that asks for it from every address but the
sign-in, `/healthz` and `/readyz` (`tests/staff/test_second_factor.py`).

Who asked here had confirmed a moment before that it is them.
A login that has not is asked for that first, whoever it is, by what takes an account out, gives a right,
makes a colleague or changes how anybody signs in (`apps/staff/confirming.py`, `tests/staff/test_confirming.py`).
"""
TITLES = {
    "addresses": "## Addresses",
    "frames": "## Frames of the live socket (`/ws/live/`)",
    "commands": "## Commands (`manage.py …`), by whom `--user` names",
}


def _read(table: str) -> dict[tuple[str, ...], dict[str, str]]:
    """The page's rows: their first columns, and the cells by column's head."""
    text = PAGE.read_text().partition(TITLES[table] + "\n")[2].partition("\n## ")[0]
    lines = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("|")
    ]
    head, _, *rows = lines
    width = len(HEADS[table])
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        name, cells = row[0].strip("`"), dict(zip(head[width:], row[width:], strict=True))
        methods = METHODS if row[1] == BOTH else row[1:width]
        found |= {(name, method): cells for method in methods} if width > 1 else {(name,): cells}
    return found


def _written() -> str:
    parts = [INTRODUCTION]
    for table, columns in COLUMNS.items():
        rows = list(dict.fromkeys(row for column in columns.values() for row in column))
        head = (*HEADS[table], *PEOPLE.values())
        lines = [TITLES[table], "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
        cells = {row: [columns[who].get(row, "–") for who in PEOPLE] for row in rows}
        for row in rows:
            names = [f"`{row[0]}`", *row[1:]]
            if row[1:] == ("GET",) and cells.get((row[0], "POST")) == cells[row]:
                names = [f"`{row[0]}`", BOTH]
            elif row[1:] == ("POST",) and cells.get((row[0], "GET")) == cells[row]:
                continue
            lines.append(f"| {' | '.join([*names, *cells[row]])} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def test_the_page_is_complete(writing: bool) -> None:
    """Runs last: writes the page, or looks that every row of it has every cell."""
    if writing:
        assert all(column.keys() == PEOPLE.keys() for column in COLUMNS.values()), "run the whole file in one process"
        PAGE.write_text(_written())
    order = ("hidden", "nothing", "no", "yes")
    for table in HEADS:
        for row, cells in _read(table).items():
            assert list(cells) == list(PEOPLE.values())
            held = [cells[PEOPLE[who]] for who in READERS]
            ranks = [order.index(cell) for cell in held if cell in order]
            assert ranks == sorted(ranks), f"a higher role may less: {row}"
