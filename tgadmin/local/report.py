"""What `up` says on its way: lines for people, or one JSON object per line for programs."""

import contextlib
import json
import sys


class Reporter:
    """Writes to standard output, each line at once."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json

    def say(self, text: str) -> None:
        """A step, or something that happened."""
        self._put({"event": "progress", "text": text}, text)

    def ready(self, facts: dict[str, str], lines: list[str]) -> None:
        """The last word of a start."""
        self._put({"event": "ready", **facts}, "\n".join(lines))

    def _put(self, value: dict[str, str], text: str) -> None:
        with contextlib.suppress(OSError):  # whoever read our output may be gone; that is no reason to stop
            sys.stdout.write((json.dumps(value) if self._json else text) + "\n")
            sys.stdout.flush()
