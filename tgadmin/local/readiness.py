"""What `up` asks its database, web process and gateway: the schema, the administrator, signs of life."""

import hashlib
import http.client
from importlib.metadata import version
from pathlib import Path

import psycopg

STAMP_PREFIX = "tgadmin schema "
WITH_MIGRATIONS = ("django", "django-q2", "django-unfold")
FIRST_ADMINISTRATOR = "SELECT username FROM auth_user WHERE is_superuser AND is_active ORDER BY id LIMIT 1"

SHARED = (
    "GRANT USAGE, CREATE ON SCHEMA public TO {user}",  # whoever has its URL may keep tables of their own
    "GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {user}",
    "GRANT USAGE, SELECT, UPDATE ON {sequences} TO {user}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {user}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO {user}",
    "REVOKE UPDATE, DELETE ON audit_entries FROM {user}",
    "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {user}",
)


class Database:
    """The program's database, by its DATABASE_URL. Each question takes a connection of its own: they are few."""

    def __init__(self, url: str) -> None:
        self._url = url

    def administrator(self, base: Path) -> str | None:
        """The first administrator's name if all migrations of this code are known to be applied, else None.

        Loading Django's migration graph costs seconds. `stamp` leaves a comment on the database instead that names the
        code and the applied migrations; it counts only while both are still the same, so a restored backup, an upgrade
        or a migration taken back all lead to a real `migrate`.
        """
        with psycopg.connect(self._url, connect_timeout=10) as connection:
            try:
                noted = _comment(connection)
                if noted is None or noted != _stamp(base, connection):
                    return None
                row = connection.execute(FIRST_ADMINISTRATOR).fetchone()
            except psycopg.errors.UndefinedTable:
                return None
        return None if row is None else str(row[0])

    def stamp(self, base: Path) -> None:
        """Note that this code's migrations are applied."""
        with psycopg.connect(self._url, connect_timeout=10) as connection:
            text = psycopg.sql.Literal(_stamp(base, connection))
            name = psycopg.sql.Identifier(connection.info.dbname)
            connection.execute(psycopg.sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, text))

    def share(self, user: str) -> None:
        """Let the running program's role read and write rows, and nothing else of what is there: no table and no
        trigger; of the audit, whose entries nobody changes, and of Django's list of migrations no rows either."""
        with psycopg.connect(self._url, connect_timeout=10) as connection:
            names = {"tables": _owned(connection, "rp"), "sequences": _owned(connection, "S")}
            for statement in SHARED:
                connection.execute(psycopg.sql.SQL(statement).format(user=psycopg.sql.Identifier(user), **names))

    def heartbeats(self, pid: int | None = None) -> dict[str, int]:
        """Node -> number of heartbeats of the gateways, or of those with that process id; one that lives shows a new
        heartbeat soon."""
        with psycopg.connect(self._url, connect_timeout=10) as connection:
            rows = connection.execute(
                "SELECT id::text, beat FROM gateway_nodes WHERE beat > 0 AND (%(pid)s::int IS NULL OR pid = %(pid)s)",
                {"pid": pid},
            ).fetchall()
        return {str(node): int(beat) for node, beat in rows}


def _owned(connection: psycopg.Connection[tuple[object, ...]], kinds: str) -> psycopg.sql.Composed:
    """Names of our own tables or sequences: others' in the same schema are not ours to share."""
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relowner = current_user::regrole AND relnamespace = 'public'::regnamespace "
        "AND relkind = ANY(string_to_array(%s, NULL)) ORDER BY relname",
        [kinds],
    ).fetchall()
    return psycopg.sql.SQL(", ").join(psycopg.sql.Identifier(str(name)) for (name,) in rows)


def _comment(connection: psycopg.Connection[tuple[object, ...]]) -> object:
    row = connection.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    return None if row is None else row[0]


def _stamp(base: Path, connection: psycopg.Connection[tuple[object, ...]]) -> str:
    code = hashlib.sha256()
    for path in sorted(base.glob("apps/*/migrations/*.py")):
        code.update(path.relative_to(base).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    code.update(" ".join(version(package) for package in WITH_MIGRATIONS).encode())
    applied = connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
    return f"{STAMP_PREFIX}{code.hexdigest()[:32]} {hashlib.sha256(repr(applied).encode()).hexdigest()[:32]}"


def web_answers(host: str, port: int) -> bool:
    """Whether the web process answers for /healthz; 400 is an answer too: ALLOWED_HOSTS may leave this machine out."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status in (200, 400)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
