"""Static files are collected by themselves: whoever serves pages asks for it first, and nothing is done unless the
sources, or what makes the collection of them, have changed since."""

from __future__ import annotations

import fcntl
import hashlib
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command

from tgadmin.statics.storage import write_whole

MAKERS = ("django", "whitenoise", "brotli")
STAMP, LOCK, MANIFEST = ".collected", ".collecting", "staticfiles.json"


class NotCollected(Exception):
    """Why the static files could not be collected; ``message`` is a sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def collect() -> bool:
    """Bring STATIC_ROOT to the sources' state. Raises NotCollected.

    Whether it was done: by this process or, since it last looked, by another. Of several processes that ask at the
    same time one does it, the others wait.
    """
    root = Path(settings.STATIC_ROOT)
    wanted = _fingerprint()
    if _stamp(root) == wanted:
        return _learn_names()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with (root / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _stamp(root) != wanted:
                call_command("collectstatic", interactive=False, verbosity=0)
                write_whole(root / STAMP, wanted.encode())
    except OSError as error:
        raise NotCollected(
            f"The static files cannot be written to {root}: {error.strerror or type(error).__name__}. "
            "Set STATIC_DIR to a directory that this program may write to."
        ) from error
    _learn_names()
    return True


def collect_or_stop() -> None:
    """``collect``, or the end of the process with a line that says what is in the way."""
    try:
        collect()
    except NotCollected as error:
        sys.stderr.write(f"{error.message}\n")
        sys.exit(1)


def _learn_names() -> bool:
    """Reads the names that hold now, whichever process made them; whether this one had read others."""
    storage: Any = staticfiles_storage
    known = storage.hashed_files
    storage.hashed_files, storage.manifest_hash = storage.load_manifest()
    return bool(known != storage.hashed_files)


def _stamp(root: Path) -> str:
    try:
        return (root / STAMP).read_text() if (root / MANIFEST).exists() else ""
    except OSError:
        return ""


def _fingerprint() -> str:
    """Of all sources by name and content, and of what makes the collection."""
    found = hashlib.blake2b(digest_size=16)
    for maker in MAKERS:
        found.update(f"{maker} {version(maker)}\n".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        found.update(path.read_bytes())
    seen: dict[str, str] = {}
    for finder in finders.get_finders():
        for path, storage in finder.list(None):
            seen.setdefault(path, storage.path(path))
    for name, place in sorted(seen.items()):
        content = Path(place).read_bytes()
        found.update(f"{name}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()
