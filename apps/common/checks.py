"""System checks of the configuration: each stops the start and names the variable, never its value.

What a look at the settings shows is checked by every command. What needs the database (its version, whether the keys
decrypt what is stored) is checked when web, gateway or worker start, by ``migrate`` and ``check --database default``.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, connection
from django.db.utils import OperationalError

from tgadmin import env
from tgadmin.core.encryption import MIN_KEY_LENGTH

TAG = "tgadmin"
MIN_SECRET_KEY_LENGTH = 32
MIN_POSTGRESQL = 15
PROCESSES = ("web", "gateway", "worker")
DC_FORMAT = re.compile(r"[1-9]\d{0,4}@(\[[0-9a-fA-F:.]+\]|[^@:\s\[\]]+):(\d{1,5})")
API_HASH_FORMAT = re.compile(r"[0-9a-fA-F]{32}")

Check = Callable[..., list[CheckMessage]]


def errors(found: Callable[[], Iterator[tuple[str, str, str]]]) -> Check:
    """A check from a generator of (id, sentence, what to do); standalone commands need no configuration."""

    def check(app_configs: object = None, **kwargs: Any) -> list[CheckMessage]:
        if env.standalone:
            return []
        return [Error(message, hint=hint, id=f"tgadmin.{number}") for number, message, hint in found()]

    return check


def _secret_key() -> Iterator[tuple[str, str, str]]:
    hint = "Set it to a long random text, and keep it: changing it signs everybody out."
    try:
        key = settings.SECRET_KEY if env.value("SECRET_KEY") else ""
    except ImproperlyConfigured:
        key = ""
    if not key:
        yield "E001", "SECRET_KEY is not set.", hint
    elif len(key) < MIN_SECRET_KEY_LENGTH:
        yield "E001", f"SECRET_KEY is shorter than {MIN_SECRET_KEY_LENGTH} characters.", hint


def _encryption_keys() -> Iterator[tuple[str, str, str]]:
    given: Sequence[str] = settings.SESSION_ENCRYPTION_KEYS
    if not given and settings.PROCESS == "worker" and not settings.DEMO_FILE:
        return  # it decrypts nothing, and encrypts for the demo only
    if not given:
        yield (
            "E002",
            "SESSION_ENCRYPTION_KEYS is not set.",
            f"Set it to a random text of at least {MIN_KEY_LENGTH} characters and back it up: if it is lost, every "
            "account has to be signed in again.",
        )
        return
    for position, key in enumerate(given, 1):
        if len(key) < MIN_KEY_LENGTH:
            yield (
                "E002",
                f"SESSION_ENCRYPTION_KEYS: key {position} of {len(given)} is shorter than {MIN_KEY_LENGTH} characters.",
                "Keys are separated by commas; the first encrypts, all decrypt.",
            )


def _telegram() -> Iterator[tuple[str, str, str]]:
    number, secret = settings.TELEGRAM_API_ID, settings.TELEGRAM_API_HASH
    hint = "Both are shown at my.telegram.org under API development tools."
    if number < 0:
        yield "E003", "TELEGRAM_API_ID is not a number.", hint
    elif bool(number) != bool(secret):
        missing, given = (
            ("TELEGRAM_API_HASH", "TELEGRAM_API_ID") if number else ("TELEGRAM_API_ID", "TELEGRAM_API_HASH")
        )
        yield "E003", f"{missing} is not set, but {given} is.", hint
    elif secret and not API_HASH_FORMAT.fullmatch(secret):
        yield "E003", "TELEGRAM_API_HASH is not 32 hexadecimal digits.", hint


def _telegram_dc() -> Iterator[tuple[str, str, str]]:
    address, path = settings.TELEGRAM_DC, settings.TELEGRAM_DC_PUBLIC_KEY
    if address and not _is_dc(address):
        yield "E004", "TELEGRAM_DC is not of the form ID@host:port.", "For example 2@149.154.167.40:443."
    source = settings.TELEGRAM_LOCAL_ADDRESS
    if source and not _is_address(source):
        yield "E010", "TELEGRAM_LOCAL_ADDRESS is not an IP address.", "It is one of this host's own, as 192.0.2.7."
    if path and not address:
        yield "E005", "TELEGRAM_DC_PUBLIC_KEY is set, but TELEGRAM_DC is not.", "Set both, or neither."
    if path and (trouble := _key_trouble(Path(path))):
        yield (
            "E005",
            f"TELEGRAM_DC_PUBLIC_KEY: {trouble}.",
            "It is the path of that data centre's RSA public key (PEM).",
        )


def _is_dc(address: str) -> bool:
    found = DC_FORMAT.fullmatch(address)
    return found is not None and 0 < int(found[2]) < 65536


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _key_trouble(path: Path) -> str:
    try:
        pem = path.read_bytes()
    except OSError as error:
        return f"the file cannot be read ({error.strerror})"
    if b"BEGIN RSA PUBLIC KEY" in pem or b"BEGIN PUBLIC KEY" in pem:
        try:
            if isinstance(load_pem_public_key(pem), RSAPublicKey):
                return ""
        except (ValueError, UnsupportedAlgorithm):
            pass
    return "the file holds no RSA public key in PEM form"


def _database_url() -> Iterator[tuple[str, str, str]]:
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        yield (
            "E006",
            "DATABASE_URL is not the address of a PostgreSQL database.",
            f"It looks like postgres://user:password@host:5432/name; PostgreSQL {MIN_POSTGRESQL} or newer is required.",
        )


def _database() -> Iterator[tuple[str, str, str]]:
    """The server's version; silent while there is no database to ask."""
    if not is_database_there():
        return
    version = connection.pg_version // 10000  # type: ignore[attr-defined]  # PostgreSQL's
    if version < MIN_POSTGRESQL:
        yield (
            "E007",
            f"DATABASE_URL: the server is PostgreSQL {version}.",
            f"PostgreSQL {MIN_POSTGRESQL} or newer is required.",
        )


def is_database_there() -> bool:
    """Whether there is a PostgreSQL to ask at this moment."""
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        return False
    try:
        connection.ensure_connection()
    except (OperationalError, InterfaceError):
        return False
    return True


def asks_database(check: Check) -> Check:
    """Registers a check that needs the database.

    ``migrate`` and ``check --database`` run it; so do web, gateway and worker when they start, whose commands run no
    database checks.
    """

    def ask(app_configs: object = None, **kwargs: Any) -> list[CheckMessage]:
        return [] if env.standalone or not is_database_there() else check()

    def ask_at_start(app_configs: object = None, **kwargs: Any) -> list[CheckMessage]:
        return ask() if settings.PROCESS in PROCESSES else []

    checks.register(ask, checks.Tags.database)
    checks.register(ask_at_start, TAG)
    return check


secret_key = checks.register(errors(_secret_key), TAG)
encryption_keys = checks.register(errors(_encryption_keys), TAG)
telegram = checks.register(errors(_telegram), TAG)
telegram_dc = checks.register(errors(_telegram_dc), TAG)
database_url = checks.register(errors(_database_url), TAG)
asks_database(errors(_database))


def stop_if_unsound() -> None:
    """For a process that no management command starts: says what is wrong on stderr and ends it with exit status 1."""
    found = [message for message in checks.run_checks(tags=[TAG]) if message.is_serious()]
    if not connection.in_atomic_block:
        connection.close()  # the pool's, and this thread no longer needs it
    if found:
        for message in found:
            sys.stderr.write(f"{message.msg} {message.hint}\n")
        sys.exit(1)
