"""A desk: tests/chaos/staff.py in a process of its own, asked from here, patient while the database is away."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from tests.kit.running import ROOT

PATIENCE = 60.0
PAUSE = 0.1
AWAY = ("OperationalError", "InterfaceError", "PoolTimeout", "TooManyConnections")
"""Errors of a database that is not there: what was asked is asked again."""


class DeskError(AssertionError):
    """The product refused what staff asked for."""


class Desk:
    """One member of staff. May be asked by several threads, one at a time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.staff"],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, do: str, **given: Any) -> Any:
        """The result. Repeated for a minute while the database is away: every request may be made twice."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._ask({"do": do, **given})
            if "error" not in answer:
                return answer["result"]
            if not answer["error"].startswith(AWAY) or time.monotonic() > deadline:
                raise DeskError(f"{do}: {answer['error']}")
            time.sleep(PAUSE)

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
