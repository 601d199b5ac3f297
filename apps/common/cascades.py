"""Foreign keys whose rows the database itself deletes with what they belong to.

Django deletes what it has found to belong to a row, then the row. Whoever commits one more meanwhile would make that
fail at COMMIT, or, where it goes through, leave it behind. PostgreSQL's own ON DELETE CASCADE has no such moment: what
was committed before goes as well, what comes later is refused (``is_orphan``).
"""

from __future__ import annotations

from django.db import IntegrityError, migrations
from psycopg import errors

_CHANGE = """
DO $$
DECLARE
    constraint_name text;
BEGIN
    SELECT c.conname INTO STRICT constraint_name FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.conrelid = '{table}'::regclass AND c.confrelid = '{parent}'::regclass
        AND a.attname = '{column}';
    EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', constraint_name);
    EXECUTE format('ALTER TABLE {table} ADD CONSTRAINT %I FOREIGN KEY ({column}) REFERENCES {parent} '
        '{action} DEFERRABLE INITIALLY DEFERRED', constraint_name);
END
$$
"""


def cascade(table: str, column: str, parent: str) -> migrations.RunSQL:
    """For a migration, after the one that makes the foreign key: rows of ``table`` go with their row of ``parent``."""
    names = {"table": table, "column": column, "parent": parent}
    return migrations.RunSQL(
        _CHANGE.format(**names, action="ON DELETE CASCADE"), _CHANGE.format(**names, action="ON DELETE NO ACTION")
    )


def is_orphan(error: BaseException) -> bool:
    """Whether this is the database's refusal of a row that belongs to nothing: what it is about was deleted."""
    return isinstance(error, IntegrityError) and isinstance(error.__cause__, errors.ForeignKeyViolation)
