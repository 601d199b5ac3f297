"""Reading the Procfile, so that `up` and a process manager of the user's own start the same commands."""

import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from tgadmin.local.errors import LocalError

LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(.+)$")
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}|\$(\w+)")


def read_procfile(path: Path, environment: Mapping[str, str]) -> dict[str, list[str]]:
    """Name -> command, in the file's order. `python` is our interpreter; $NAME and ${NAME:-default} are filled in.

    No shell is started, so that the process we watch and signal is the program itself.
    """
    commands: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := LINE.match(line.strip()):
            words = [_fill(word, environment) for word in shlex.split(found[2])]
            if words[0] != "python":
                raise LocalError(f"{path}: the command of '{found[1]}' must begin with 'python'.")
            commands[found[1]] = [sys.executable, *words[1:]]
    return commands


def _fill(word: str, environment: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda found: environment.get(found[1] or found[3]) or found[2] or "", word)
