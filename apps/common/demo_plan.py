"""What ``up`` leaves for the demo when it runs the sandbox: a file, DEMO_FILE. Without it there is no demo.

{"phones": […], "codes": path of JSON lines {"phone", "code"}, "passwords": {phone: password}, "greets": id}
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from tgadmin.core import phones
from tgadmin.core.errors import UserError


@dataclass(frozen=True)
class Plan:
    """The contents of the demo's file."""

    phones: tuple[str, ...]
    codes: Path
    passwords: dict[str, str]
    greets: int = 0
    """Marked id of the chat to begin with, at the first phone; 0: none."""


def plan() -> Plan | None:
    """The demo of this installation; None when there is none."""
    if not settings.DEMO_FILE:
        return None
    try:
        data: dict[str, Any] = json.loads(Path(settings.DEMO_FILE).read_text(encoding="utf-8"))
        digits = tuple(phones.normalise(str(phone)) for phone in data["phones"])
        passwords = {str(phone): str(password) for phone, password in data.get("passwords", {}).items()}
        greets = int(data.get("greets", 0))
        return Plan(digits, Path(data["codes"]), passwords, greets) if digits else None
    except (UserError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
