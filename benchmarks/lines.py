"""A child process that answers JSON lines: ``{"do": name, …}`` in, ``{"result": …}`` or ``{"error": …}`` out.

It ends when its standard input does, so none outlives whoever started it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 600.0


class Helper:
    """The parent's side of one child. Calls are answered in order; one at a time."""

    def __init__(self, module: str, environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._one_at_a_time = threading.Lock()

    def __call__(self, do: str, **given: Any) -> Any:
        """The result. RuntimeError with what the child says, or with the end of its log."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self._one_at_a_time:
            self.process.stdin.write(json.dumps({"do": do, **given}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{do}: the child is gone\n{self._log.read_text(errors='replace')[-2000:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{do}: {answer['error']}")
        return answer["result"]

    def close(self) -> None:
        """End it: softly by the end of its input, else by force."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


async def answer_lines(does: Mapping[str, Callable[..., Awaitable[Any]]]) -> None:
    """The child's side: answer until the input ends."""
    reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        asked = json.loads(line)
        try:
            answer: dict[str, Any] = {"result": await does[asked.pop("do")](**asked)}
        except Exception as error:  # noqa: BLE001  told to the parent
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def run_helper(does: Mapping[str, Callable[..., Awaitable[Any]]]) -> None:
    """Run the child until its input ends."""
    gc.collect()
    asyncio.run(answer_lines(does))
