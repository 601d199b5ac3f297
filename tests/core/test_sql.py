"""Names in SQL that is put together at import."""

from __future__ import annotations

import pytest

from apps.commands.models import Command
from apps.signin.models import SignInStep
from tgadmin.core.sql import literals

pytestmark = pytest.mark.pure


def test_members_of_enums_become_literals() -> None:
    assert literals(*Command.OPEN) == "'queued', 'claimed'"
    assert literals(SignInStep.DONE) == "'done'"
    assert literals("devices.end_others") == "'devices.end_others'"


@pytest.mark.parametrize("text", ["", "it's", "a b", "x'; DROP TABLE y; --", "Queued", "a\n", "%s"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        literals("queued", text)
