"""The layout of DATA_DIR and the permissions of everything in it: 0700 directories, 0600 files, one owner."""

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tgadmin.local.errors import LocalError

MEGABYTE = 1024 * 1024
LEAST_FREE_BYTES = 200 * MEGABYTE  # an empty cluster takes 40 MB; PostgreSQL panics when its log cannot grow


@dataclass(frozen=True)
class DataDir:
    """Names of what lies in one DATA_DIR. `root` is absolute."""

    root: Path

    @classmethod
    def at(cls, path: str | Path) -> "DataDir":
        return cls(Path(path).expanduser().absolute())

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def runtime(self) -> Path:
        return self.root / "runtime.json"

    @property
    def keys(self) -> Path:
        return self.root / "keys.json"

    @property
    def initial_password(self) -> Path:
        return self.root / "initial-password"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres.json"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey.json"

    @property
    def ports(self) -> Path:
        return self.root / "ports.json"

    @property
    def demo(self) -> Path:
        return self.root / "demo.json"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def sandbox(self) -> Path:
        return self.root / "sandbox"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def prepare(self) -> None:
        """Make the directory, ours alone, or say what keeps it from being that."""
        try:
            make_private(self.root)
            for folder in (self.logs, self.sandbox):
                make_private(folder)
        except OSError as error:
            raise LocalError(f"DATA_DIR {self.root} cannot be made or used: {error.strerror}.") from error
        need_space(self.root)


def make_private(folder: Path) -> None:
    """Make `folder` with mode 0700; an existing one must be ours and is narrowed to that."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.stat()
    if facts.st_uid != os.geteuid():
        raise LocalError(
            f"{folder} belongs to user id {facts.st_uid}, not to you ({os.geteuid()}): "
            "run this as that user, or set DATA_DIR to another directory."
        )
    if facts.st_mode & 0o077:
        folder.chmod(0o700)


def need_space(folder: Path, least: int = LEAST_FREE_BYTES) -> None:
    """Refuse to start databases on a disk that is about to be full."""
    free = shutil.disk_usage(folder).free
    if free < least:
        raise LocalError(
            f"The disk with {folder} is full: {free // MEGABYTE} MB are free, {least // MEGABYTE} MB are needed. "
            "Free some space, or set DATA_DIR to a directory on another disk."
        )


def write_private(path: Path, text: str) -> None:
    """Write a 0600 file so that a reader sees the old text or the new one, also after a crash."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: dict[str, Any]) -> None:
    write_private(path, json.dumps(value, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a file that `write_json` made; None if there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise LocalError(f"{path} is damaged: restore it from a backup.")
    return value
