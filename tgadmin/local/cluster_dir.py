"""Where the embedded PostgreSQL keeps its data: inside DATA_DIR, or, under root, where its own user can go."""

import hashlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from tgadmin.local.account import ServiceUser, is_root, service_user
from tgadmin.local.errors import LocalError
from tgadmin.local.paths import DataDir, read_json, write_json

OWNER_FILE = "owner.json"
SYSTEM_ROOTS = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - made with mode 0700/0711 and checked to be root's


@dataclass(frozen=True)
class ClusterDir:
    """One cluster's home. `id` also stands in the place itself, so that a place is never taken for another's."""

    id: str
    folder: Path
    user: ServiceUser | None  # None: the server runs as we do
    password: str  # of the role that the program uses
    port: int | None  # of the last start

    @property
    def cluster(self) -> Path:
        return self.folder / "data"

    @property
    def copies(self) -> Path:
        return self.folder / "programs"


def find_cluster_dir(data: DataDir) -> ClusterDir:
    """The place that DATA_DIR records, or a new one, recorded there before anything is put into it."""
    noted = read_json(data.postgres)
    if noted is None:
        place = _new_cluster_dir(data)
        note(data, place)
        _make(data, place)
        return place
    place = _read(data, noted)
    owner = read_json(place.folder / OWNER_FILE) if place.folder.exists() else None
    if owner is None and not place.cluster.exists():
        _make(data, place)  # noted, but we died before it was made
    elif owner is None or owner.get("id") != place.id:
        raise LocalError(
            f"{place.folder} is not the PostgreSQL data of {data.root}: restore it from a backup, "
            f"or delete {data.postgres} to begin with an empty database."
        )
    return place


def note(data: DataDir, place: ClusterDir) -> None:
    """Write down where the place is, its password and its port."""
    user = None if place.user is None else [place.user.uid, place.user.gid]
    folder = None if place.user is None else str(place.folder)  # inside DATA_DIR it moves along with it
    write_json(
        data.postgres,
        {"id": place.id, "folder": folder, "user": user, "password": place.password, "port": place.port},
    )


def _read(data: DataDir, noted: dict[str, object]) -> ClusterDir:
    user, folder, port = noted.get("user"), noted.get("folder"), noted.get("port")
    if isinstance(user, list) and not is_root():
        raise LocalError(f"The database of {data.root} was made by root: run this as root, or set another DATA_DIR.")
    return ClusterDir(
        id=str(noted["id"]),
        folder=Path(folder) if isinstance(folder, str) else data.root / "postgres",
        user=ServiceUser(int(user[0]), int(user[1])) if isinstance(user, list) else None,
        password=str(noted["password"]),
        port=port if isinstance(port, int) else None,
    )


def _new_cluster_dir(data: DataDir) -> ClusterDir:
    user = service_user(data.root) if is_root() else None
    folder = data.root / "postgres" if user is None else _root_folder(data, user)
    return ClusterDir(secrets.token_hex(8), folder, user, secrets.token_urlsafe(24), None)


def _root_folder(data: DataDir, user: ServiceUser) -> Path:
    """Beside DATA_DIR if the server's user can go there, else in a system folder under a name made from DATA_DIR's."""
    parent = data.root.parent
    if user.can_enter(parent) and is_safe(parent):
        return parent / f"{data.root.name}-postgres"
    name = f"tgadmin-{hashlib.sha256(os.fsencode(data.root)).hexdigest()[:12]}"
    for root in SYSTEM_ROOTS:
        if os.access(root, os.W_OK) and user.can_enter(root) and is_safe(root):
            return root / name
    raise LocalError(
        f"PostgreSQL does not run as root, and no folder was found that another user can enter (tried {parent} and "
        f"{', '.join(map(str, SYSTEM_ROOTS))}): set DATA_DIR to such a place, "
        "start bin/run as an ordinary user, or set DATABASE_URL."
    )


def is_safe(folder: Path) -> bool:
    """Root's, and nobody else can rename what we put there."""
    facts = folder.stat()
    return facts.st_uid == 0 and (not facts.st_mode & 0o022 or bool(facts.st_mode & 0o1000))


def _make(data: DataDir, place: ClusterDir) -> None:
    """Make the folder again. What an older DATA_DIR of that name left there is put aside, never deleted, never used."""
    if os.path.lexists(place.folder):
        aside = place.folder.with_name(
            f"{place.folder.name}-old-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        )
        place.folder.rename(aside)
    place.folder.mkdir(mode=0o700, parents=True)
    if place.user is not None:
        place.folder.chmod(0o711)  # its user goes through; what is in it is closed to all others
    write_json(place.folder / OWNER_FILE, {"id": place.id, "data_dir": str(data.root)})
