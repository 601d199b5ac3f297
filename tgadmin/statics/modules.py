"""Which modules a page will load: all that its first one imports, and those in turn.

A browser finds them one by one, a round trip for each step; it asks for all at once when the page names them.
"""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.storage import staticfiles_storage

from tgadmin.statics.storage import IMPORT

_IMPORT = re.compile(IMPORT)


def imported(name: str) -> tuple[str, ...]:
    """Addresses of the modules that the module of this name imports, directly or not, each once."""
    storage: Any = staticfiles_storage
    return _imported(name, storage.manifest_hash)


@cache
def _imported(name: str, of: str) -> tuple[str, ...]:
    storage: Any = staticfiles_storage
    first = storage.stored_name(name)
    found: dict[str, None] = {}
    waiting = [first]
    while waiting:
        at = waiting.pop(0)
        for one in _IMPORT.finditer(Path(storage.path(at)).read_text()):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(at), one["url"]))
            if target not in found and target != first:
                found[target] = None
                waiting.append(target)
    return tuple(storage.base_url + target for target in found)
