"""Whom the embedded servers run as when we are root: PostgreSQL refuses root, and nobody else may read its data."""

import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tgadmin.local.errors import LocalError

# systemd's list of uid ranges calls 60578 to 61183 unused: a uid of our own needs no entry in /etc/passwd
# and is shared with nobody (https://systemd.io/UIDS-GIDS/).
FIRST_UID, LAST_UID = 60578, 61183


@dataclass(frozen=True)
class ServiceUser:
    """A user and group id that a server is started under."""

    uid: int
    gid: int

    def identity(self) -> dict[str, Any]:
        """Arguments of subprocess.Popen that make the child this user and nothing more."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        """Whether this user can go there, asked of the kernel: permissions of every folder above it count."""
        return self._succeeds("/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder))

    def can_run(self, program: Path) -> bool:
        """Whether this user can run that program where it lies."""
        return self._succeeds(str(program), "--version")

    def _succeeds(self, *command: str, cwd: Path | str = "/") -> bool:
        try:
            ended = subprocess.run(command, cwd=cwd, capture_output=True, check=False, **self.identity())  # noqa: S603
        except (OSError, subprocess.SubprocessError):  # not executable; or a container without this uid
            return False
        return ended.returncode == 0

    def can_run_python(self, base: Path, code: str) -> bool:
        """Whether this user can run our interpreter and what lies in `base`."""
        return self._succeeds(sys.executable, "-c", code, cwd=base)

    def own(self, folder: Path) -> None:
        """Give `folder` and all that is in it to this user."""
        for root, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(Path(root, name), self.uid, self.gid, follow_symlinks=False)
        os.chown(folder, self.uid, self.gid)


def is_root() -> bool:
    return os.geteuid() == 0


def nobody() -> ServiceUser:
    """The user with an entry in /etc/passwd that `initdb` asks for."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise LocalError(
            "PostgreSQL does not run as root, and this system has no user 'nobody': "
            "start bin/run as an ordinary user, or set DATABASE_URL."
        ) from None
    return ServiceUser(entry.pw_uid, entry.pw_gid)


def service_user(data_dir: Path, purpose: str = "", taken: Collection[int] = ()) -> ServiceUser:
    """The user for what `up` starts on this DATA_DIR when we are root: always the same, of a uid of its own if it can.

    `purpose`: empty for the servers; each purpose has another user. `taken`: uids that it shall not be."""
    count = LAST_UID - FIRST_UID + 1
    first = int.from_bytes(hashlib.sha256(os.fsencode(data_dir) + purpose.encode()).digest()[:4], "big") % count
    for step in range(count):
        uid = FIRST_UID + (first + step) % count
        if uid not in taken and _is_unused(uid):
            candidate = ServiceUser(uid, uid)
            return candidate if candidate.can_enter(Path("/")) else nobody()
    return nobody()


def _is_unused(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return True
    return False


def copy_readable(source: Path, target: Path) -> None:
    """Copy a tree of programs so that everyone may read and run it, whatever the umask."""
    shutil.copytree(source, target, symlinks=True)
    for root, folders, files in os.walk(target):
        for name in folders:
            Path(root, name).chmod(0o755)
        for name in files:
            path = Path(root, name)
            if not path.is_symlink():
                path.chmod(0o755 if os.access(path, os.X_OK) else 0o644)
    target.chmod(0o755)
