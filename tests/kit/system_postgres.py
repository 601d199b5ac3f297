"""A PostgreSQL of the system's (Debian's package postgresql), started for one test or one run of them."""

import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.kit.running import temporary_base, unused_port
from tests.kit.waiting import eventually
from tgadmin.local.account import is_root, nobody

OLDEST = 15


def installed() -> dict[int, Path]:
    """Major version -> folder of its programs, oldest first; only versions that tgadmin supports."""
    folders = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    found = {int(path.parent.name): path for path in folders}
    return {version: found[version] for version in sorted(found) if version >= OLDEST}


@contextmanager
def system_postgres(programs: Path) -> Iterator[str]:
    """Run the server whose programs lie there; yields the URL of an empty database, whose owner has a password and is
    superuser. Server and data are gone afterwards. subprocess.CalledProcessError if no cluster can be made."""
    with temporary_base() as base:
        password, port = secrets.token_urlsafe(16), unused_port()
        secret = base / "password"
        secret.write_text(password)
        options: dict[str, object] = {}
        if is_root():
            user = nobody()
            os.chown(base, user.uid, user.gid)
            os.chown(secret, user.uid, user.gid)
            options = {"user": user.uid, "group": user.gid, "extra_groups": []}
        data = base / "cluster"
        how = ["-U", "owner", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-sync"]
        subprocess.run([programs / "initdb", "-D", data, *how], check=True, capture_output=True, **options)  # type: ignore[call-overload]
        settings = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
        command = [programs / "postgres", "-D", data, *(part for one in settings for part in ("-c", one))]
        url = f"postgresql://owner:{password}@127.0.0.1:{port}"
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
        try:
            eventually(lambda: _answers(f"{url}/postgres"), 30, "PostgreSQL answers")
            with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE tgadmin")
            yield f"{url}/tgadmin"
        finally:
            process.send_signal(signal.SIGINT)  # waits for no client
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
