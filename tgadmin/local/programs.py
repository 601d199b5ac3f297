"""Whom web, gateway and worker run as when `up` is root: ordinary users of their own, or root, with the reason why.

Web and gateway, which hold the encryption keys, are one user; the worker is another, so that it cannot read their
environment. What the sandbox tells them lies in a folder that both can read and nobody else.
"""

import compileall
import contextlib
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tgadmin.local.account import ServiceUser, is_root, service_user
from tgadmin.local.cluster_dir import SYSTEM_ROOTS, is_safe
from tgadmin.local.paths import DataDir

WEB, GATEWAY, WORKER = "web", "gateway", "worker"
FIRST_FREE_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
NEEDED = "import django, tgadmin.local.parent_watch"


@dataclass(frozen=True)
class Programs:
    """`users`: by program, whom it runs as if not as `up` itself. `message`: what to tell about it. `shared`: where the
    sandbox's files are that they read; None where they can read the sandbox's own."""

    users: dict[str, ServiceUser] = field(default_factory=dict)
    message: str = ""
    shared: Path | None = None

    def share(self, file: Path) -> Path:
        """Where the programs read `file`: a copy, or the file itself."""
        if self.shared is None:
            return file
        copy = self.shared / file.name
        draft = copy.with_name(f".{file.name}")
        shutil.copyfile(file, draft)
        self._show(draft)
        draft.replace(copy)
        return copy

    def empty(self, name: str) -> Path | None:
        """A new file that root writes and the programs read; None where none is needed."""
        if self.shared is None:
            return None
        path = self.shared / name
        path.touch(mode=0o600, exist_ok=True)
        self._show(path)
        return path

    def _show(self, path: Path) -> None:
        os.chown(path, 0, self.users[GATEWAY].gid)
        path.chmod(0o640)

    def forget(self) -> None:
        """The shared folder goes: the next start makes it again."""
        if self.shared is not None:
            shutil.rmtree(self.shared, ignore_errors=True)


def find(data: DataDir, base: Path, port: int) -> Programs:
    """Whom to run them as. `base`: the project's directory; `port`: the web process's."""
    if not is_root():
        return Programs()
    keeper = service_user(data.root, "programs")
    worker = ServiceUser(service_user(data.root, "worker", taken=(keeper.uid,)).uid, keeper.gid)
    if not keeper.can_run_python(base, NEEDED):
        return Programs(
            message=f"web, gateway and worker run as root: another user cannot run {os.path.realpath(sys.executable)} "
            f"in {base}. Put both where everybody can read them (as /usr and /opt), or start bin/run as an ordinary "
            "user."
        )
    shared = _shared_folder(data, keeper)
    if shared is None:
        return Programs(message="web, gateway and worker run as root: no folder was found that another user can enter.")
    users = {WEB: keeper, GATEWAY: keeper, WORKER: worker}
    message = f"web and gateway run as user {keeper.uid}, the worker as user {worker.uid}, none of them as root."
    if port < _first_free_port():
        del users[WEB]
        message = (
            f"gateway and worker run as users {keeper.uid} and {worker.uid}; web runs as root, since port {port} is "
            "root's: choose a higher one, with a reverse proxy in front."
        )
    _compile(base)
    return Programs(users, message, shared)


def _first_free_port() -> int:
    try:
        return int(FIRST_FREE_PORT.read_text())
    except (OSError, ValueError):
        return 1024


def _shared_folder(data: DataDir, user: ServiceUser) -> Path | None:
    """Made again, root's to write, the programs' group's to read; None if there is no place for it."""
    for folder in _candidates(data, user):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.exists():
                shutil.rmtree(folder)
            folder.mkdir(mode=0o700)
            os.chown(folder, 0, user.gid)
            folder.chmod(0o750)
            return folder
    return None


def _candidates(data: DataDir, user: ServiceUser) -> Iterator[Path]:
    """Beside DATA_DIR, else in a system folder under a name made from DATA_DIR's, as the embedded PostgreSQL's."""
    parent = data.root.parent
    if user.can_enter(parent) and is_safe(parent):
        yield parent / f"{data.root.name}-programs"
    name = f"tgadmin-{hashlib.sha256(os.fsencode(data.root)).hexdigest()[:12]}-programs"
    for root in SYSTEM_ROOTS:
        if os.access(root, os.W_OK) and user.can_enter(root) and is_safe(root):
            yield root / name


def _compile(base: Path) -> None:
    """The programs can keep no bytecode beside the sources: without this, each start would compile all of them."""
    if not sys.dont_write_bytecode:
        for folder in ("apps", "tgadmin"):
            compileall.compile_dir(base / folder, quiet=2)
