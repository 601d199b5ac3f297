"""A pytest plugin (``-p tests.kit.programs``): the programs that the run starts, a line each, in the file PROGRAMS."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

STARTED = Path(os.environ["PROGRAMS"])


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        with STARTED.open("a", encoding="utf-8") as stream:
            stream.write(f"{os.fsdecode(arguments[0])}\n")


STARTED.touch()
sys.addaudithook(_note)
