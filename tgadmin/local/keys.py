"""Keys and passwords that `up` makes once and keeps in DATA_DIR (0600), for whoever sets none in the environment."""

import secrets
from collections.abc import Callable, Mapping

from tgadmin.local.errors import LocalError
from tgadmin.local.paths import DataDir, read_json, write_json, write_private

SECRET_KEY = "SECRET_KEY"  # noqa: S105 - the variable's name
ENCRYPTION_KEYS = "SESSION_ENCRYPTION_KEYS"


def keys(data: DataDir, given: Mapping[str, str], say: Callable[[str], None] = lambda text: None) -> dict[str, str]:
    """SECRET_KEY and SESSION_ENCRYPTION_KEYS: those of the environment, else those kept in DATA_DIR, made if need be.

    With a database of the user's own (DATABASE_URL) nothing is made: keys that lie on one machine only would lock that
    database when the machine is gone. An encryption key is never made beside an embedded database that is there
    already, since what is stored in it was encrypted with another. ``say`` hears what the loss of a fresh key means.
    """
    names = (SECRET_KEY, ENCRYPTION_KEYS)
    missing = [name for name in names if not given.get(name)]
    if given.get("DATABASE_URL"):
        if missing:
            raise LocalError(
                f"DATABASE_URL is set, so {' and '.join(missing)} must be set too (any long random text, kept safe)."
            )
        return {name: given[name] for name in names}
    kept = read_json(data.keys) or {}
    fresh = [name for name in missing if not kept.get(name)]
    if ENCRYPTION_KEYS in fresh and data.postgres.exists():
        raise LocalError(
            f"{ENCRYPTION_KEYS} is neither set nor kept in {data.keys}, but the database "
            f"of {data.root} was encrypted with it: "
            f"set {ENCRYPTION_KEYS} as it was, or restore that file from a backup."
        )
    if fresh:
        kept.update({name: secrets.token_urlsafe(48) for name in fresh})
        write_json(data.keys, kept)
    if ENCRYPTION_KEYS in fresh:
        say(
            f"Keys: made and kept in {data.keys}. Back that file up: without it every Telegram account "
            "has to be signed in again."
        )
    return {name: given.get(name) or str(kept[name]) for name in names}


def first_administrator(data: DataDir, given: Mapping[str, str]) -> dict[str, str]:
    """DJANGO_SUPERUSER_USERNAME, _PASSWORD, _EMAIL of the first one; a password that is not given is made and kept."""
    password = given.get("DJANGO_SUPERUSER_PASSWORD", "")
    if not password:
        password = initial_password(data) or secrets.token_urlsafe(12)
        write_private(data.initial_password, f"{password}\n")
    return {
        "DJANGO_SUPERUSER_USERNAME": given.get("DJANGO_SUPERUSER_USERNAME") or "admin",
        "DJANGO_SUPERUSER_PASSWORD": password,
        "DJANGO_SUPERUSER_EMAIL": given.get("DJANGO_SUPERUSER_EMAIL", ""),
    }


def initial_password(data: DataDir) -> str | None:
    """The password that an earlier start made; None if there is none."""
    try:
        return data.initial_password.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
