"""Wall clocks that step, one for each process: clock.c, compiled here and preloaded.

Not libfaketime: with its monotonic clocks left alone, as a stepped wall clock leaves them, time.sleep fails in Python.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")
MISSING = "no C compiler (cc) on a Linux: clock steps are skipped"


def available() -> bool:
    """Whether clocks can be stepped on this machine."""
    return sys.platform.startswith("linux") and shutil.which("cc") is not None


class Clocks:
    """One file for each process says by how much its clock is off; it takes effect at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "clocks"
        self._folder.mkdir()
        self._library = self._folder / "clock.so"
        command = ["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(self._library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True)

    def environment(self, name: str) -> dict[str, str]:
        """What the process is started with."""
        self.set(name, 0)
        return {"LD_PRELOAD": str(self._library), "CHAOS_CLOCK": str(self._folder / name)}

    def set(self, name: str, seconds: float) -> None:
        """In place: the process has the file mapped."""
        told = round(seconds).to_bytes(8, sys.byteorder, signed=True)
        place = self._folder / name
        with place.open("r+b" if place.exists() else "w+b") as file:
            file.write(told)
