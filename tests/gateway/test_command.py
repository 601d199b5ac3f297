"""``manage.py gateway``: what it refuses, and with which exit status."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.parametrize(
    ("settings_given", "arguments", "status", "message"),
    [
        ({}, ["--capacity", "0"], 2, "--capacity"),
        ({"TELEGRAM_API_ID": 0}, [], 1, "API id"),
        ({"TELEGRAM_DC": "nonsense"}, [], 1, "ID@host:port"),
        ({"TELEGRAM_DC": "1@127.0.0.1:1", "TELEGRAM_DC_PUBLIC_KEY": "/nowhere.pem"}, [], 1, "nowhere.pem"),
    ],
)
def test_it_says_what_is_wrong(
    settings_given: dict[str, Any], arguments: list[str], status: int, message: str, settings: Any
) -> None:
    for name, value in settings_given.items():
        setattr(settings, name, value)
    with pytest.raises(CommandError, match=message) as refused:
        call_command("gateway", *arguments, skip_checks=True)
    assert refused.value.returncode == status
