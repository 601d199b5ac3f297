"""Whether a restored database can be worked with, and what a gateway that starts on it would do. Nothing is written.

What a copy cannot know of the installation it was made of is asked of that one's own database, where its address is
given.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from psycopg import sql

from apps.chats.models import Installation
from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command, Node
from apps.commands.selectors import HEARTBEAT_WITHIN
from apps.monitoring import nodes
from apps.sessions.models import Authorization, Session
from apps.sessions.services import keys

CONNECT_SECONDS = 10
MOST_NAMED = 5


class OriginalUnreachable(Exception):
    """The original's database does not answer, or is none of tgadmin's."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know about a copy, and what to do. ``fault``: it must not be used as it is."""

    code: str
    message: str
    next_step: str
    fault: bool


@dataclass(frozen=True, slots=True)
class Original:
    """The installation that a copy was made of. ``gateways``: names of those that are alive. ``shared``: accounts of
    the copy that these connect, too, by the same keys."""

    same_database: bool
    same_epoch: bool
    gateways: tuple[str, ...]
    shared: int


@dataclass(frozen=True, slots=True)
class Copy:
    """What was found. ``accounts`` would be connected by a gateway that starts on it; ``waiting``: commands that it
    would carry out, by kind; ``rows`` by table; ``secrets`` and what follows it are None or empty while migrations are
    missing. No secret is in it."""

    network: str
    missing_migrations: tuple[str, ...]
    unknown_migrations: tuple[str, ...]
    rows: dict[str, int]
    secrets: dict[str, int] | None = None
    epoch: str = ""
    accounts: int = 0
    gateways: tuple[str, ...] = ()
    waiting: dict[str, int] = field(default_factory=dict)
    original: Original | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def is_sound(self) -> bool:
        return not any(finding.fault for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {"sound": self.is_sound, **asdict(self)}


def check(original_url: str = "") -> Copy:
    """Looks at every stored secret and counts every table. Raises OriginalUnreachable, ValueError for an unsound key,
    DatabaseError."""
    missing, unknown = _migrations()
    facts: dict[str, Any] = {
        "network": settings.TELEGRAM_NETWORK,
        "missing_migrations": missing,
        "unknown_migrations": unknown,
        "rows": _rows(),
    }
    if not missing:
        epoch = str(Installation.objects.values_list("epoch", flat=True).first() or "")
        facts |= {
            "secrets": _secrets(),
            "epoch": epoch,
            "accounts": _connectable().count(),
            "gateways": tuple(node.name for node in nodes.status().nodes if node.alive),
            "waiting": _waiting(),
            "original": _original(original_url, epoch) if original_url else None,
        }
    copy = Copy(**facts)
    return Copy(**facts, findings=tuple(_findings(copy)))


def _migrations() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those that this code needs and the database has not; those of our apps that the database has and the code does
    not know."""
    executor = MigrationExecutor(connection)
    loader = executor.loader
    plan = executor.migration_plan(loader.graph.leaf_nodes())
    unknown = [key for key in loader.applied_migrations if key[0] in loader.migrated_apps]
    unknown = [key for key in unknown if key not in loader.disk_migrations]
    return tuple(str(migration) for migration, _ in plan), tuple(sorted(".".join(key) for key in unknown))


def _rows() -> dict[str, int]:
    """Of every table of ours that is there."""
    present = set(connection.introspection.table_names())
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(tables & present):
            count: Any = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            cursor.execute(count)
            found[table] = int(cursor.fetchone()[0])
    return found


def _secrets() -> dict[str, int]:
    held = keys.held()
    return {
        "total": held.total,
        "newest": held.newest,
        "older": held.older,
        "unbound": held.unbound,
        "unreadable": held.unreadable,
        "misplaced": len(held.misplaced),
    }


def _connectable() -> Any:
    current = Authorization.objects.filter(role=Authorization.Role.CURRENT, secret_row__isnull=False)
    return current.filter(session__in=Session.objects.filter(network=settings.TELEGRAM_NETWORK, enabled=True))


def _waiting() -> dict[str, int]:
    found = Command.objects.filter(state__in=Command.OPEN).order_by("kind").values_list("kind").annotate(Count("pk"))
    return dict(found)


# --- the original ---------------------------------------------------------------------------------------------------

SERVER = "SELECT current_database(), pg_postmaster_start_time()"
"""Which database this is: no two servers began to run at the same microsecond."""


def _original(url: str, epoch: str) -> Original:
    """What the original's database says. Raises OriginalUnreachable."""
    connectable = sql.SQL(
        "SELECT a.key_id FROM {keys} a JOIN {accounts} s ON s.id = a.session_id WHERE a.role = %s AND s.enabled"
    ).format(keys=sql.Identifier(Authorization._meta.db_table), accounts=sql.Identifier(Session._meta.db_table))
    alive = sql.SQL("SELECT name FROM {nodes} WHERE beat_at > now() - %s ORDER BY name")
    alive_query = alive.format(nodes=sql.Identifier(Node._meta.db_table))
    epochs = sql.SQL("SELECT epoch FROM {}").format(sql.Identifier(Installation._meta.db_table))
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as asked:
            asked.read_only = True
            server = asked.execute(SERVER).fetchone()
            theirs = asked.execute(epochs).fetchone()
            gateways = tuple(str(name) for (name,) in asked.execute(alive_query, [HEARTBEAT_WITHIN]))
            in_use = [key for (key,) in asked.execute(connectable, [Authorization.Role.CURRENT])]
    except (psycopg.Error, OSError):
        raise OriginalUnreachable from None  # the driver's words may name the address with its password
    with connection.cursor() as cursor:
        cursor.execute(SERVER)
        ours = cursor.fetchone()
    return Original(
        same_database=server == ours,
        same_epoch=theirs is not None and str(theirs[0]) == epoch,
        gateways=gateways,
        shared=_connectable().filter(key_id__in=in_use).count() if gateways else 0,
    )


# --- what it means --------------------------------------------------------------------------------------------------


def _findings(copy: Copy) -> Iterator[Finding]:
    yield from _about_migrations(copy)
    if copy.secrets is not None:
        yield from _about_secrets(copy.secrets)
        yield from _about_connecting(copy)
        yield from _about_waiting(copy.waiting)
        yield from _about_the_epoch(copy)


def _about_migrations(copy: Copy) -> Iterator[Finding]:
    if copy.missing_migrations:
        yield Finding(
            "MIGRATIONS_MISSING",
            f"Migrations that are not applied ({len(copy.missing_migrations)}): {_named(copy.missing_migrations)}.",
            "Run 'manage.py prepare' on the copy, then check it again: keys and accounts were not looked at.",
            fault=True,
        )
    if copy.unknown_migrations:
        yield Finding(
            "DATABASE_NEWER",
            f"The database is of a newer version than this code: {_named(copy.unknown_migrations)}.",
            "Install that version, or a newer one, and check again.",
            fault=True,
        )


def _about_secrets(secrets: dict[str, int]) -> Iterator[Finding]:
    total = secrets["total"]
    if unreadable := secrets["unreadable"] - secrets["misplaced"]:
        yield Finding(
            "KEYS_MISSING",
            f"SESSION_ENCRYPTION_KEYS does not decrypt all {total} stored secrets. Under another key: {unreadable}.",
            "Put the key that encrypted them behind the others, after a comma, and check again.",
            fault=True,
        )
    if secrets["misplaced"]:
        yield Finding(
            "SECRETS_MOVED",
            f"Stored secrets that are not what was stored in their rows: {secrets['misplaced']} of {total}.",
            "Take another backup; 'manage.py check --database default' names the rows.",
            fault=True,
        )
    if secrets["unbound"]:
        yield Finding(
            "SECRETS_OLD",
            f"Stored secrets that an earlier version has left: {secrets['unbound']} of {total}.",
            "Run 'manage.py session rekey' on the copy; until then nothing starts on it.",
            fault=True,
        )


def _about_connecting(copy: Copy) -> Iterator[Finding]:
    original = copy.original
    if original is not None and original.same_database:
        yield Finding(
            "SAME_DATABASE",
            "ORIGINAL_DATABASE_URL and DATABASE_URL are the same database.",
            "Set DATABASE_URL to the copy.",
            fault=True,
        )
    elif copy.gateways:
        yield Finding(
            "GATEWAYS_HERE",
            f"Gateways are at work on this very database: {_named(copy.gateways)}.",
            "If it is a copy for trying, stop them: each account may be connected from one installation only.",
            fault=False,
        )
    if original is not None and not original.same_database and original.shared:
        yield Finding(
            "CONNECTED_TWICE",
            f"The original is running ({_named(original.gateways)}). Accounts that it connects and that a gateway on "
            f"this copy would connect, too: {original.shared} of {copy.accounts}.",
            "Start no gateway on this copy before the original's gateways are stopped: Telegram ends a key that is "
            "used from two places, and the account has to be signed in again.",
            fault=True,
        )
    elif original is None and copy.accounts and not copy.gateways:
        yield Finding(
            "WOULD_CONNECT",
            f"Accounts that a gateway connects when it starts on this copy: {copy.accounts}.",
            "Stop the original's gateways for good before: Telegram ends a key that is used from two places. "
            "Set ORIGINAL_DATABASE_URL, and this command looks whether they run.",
            fault=False,
        )


def _about_waiting(waiting: dict[str, int]) -> Iterator[Finding]:
    messages = waiting.get(CommandKind.SEND, 0)
    if messages:
        yield Finding(
            "MESSAGES_WAIT",
            f"Messages that waited to be sent when the backup was made: {messages}.",
            "A gateway that starts on this copy sends them; those that went out since may go out twice. "
            "Start web first, and delete in the chats what shall not be sent.",
            fault=False,
        )


def _about_the_epoch(copy: Copy) -> Iterator[Finding]:
    original = copy.original
    if original is not None and original.same_database:
        return
    if original is not None and not original.same_epoch:
        return
    same = "is the original's" if original is not None else "is that of the backup, unless it was renewed since"
    yield Finding(
        "EPOCH_KEPT",
        f"The epoch of event numbers {same}: pages that were open would go on from numbers that mean something else "
        "here.",
        "Run 'manage.py monitor new-epoch' before web starts on this copy; open pages then load again.",
        fault=False,
    )


def _named(names: tuple[str, ...]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def renew_epoch() -> str:
    """Begin the numbers of events again: live pages are sent to load again. The new epoch."""
    row, _ = Installation.objects.update_or_create(pk=1, defaults={"epoch": uuid.uuid4()})
    return str(row.epoch)
