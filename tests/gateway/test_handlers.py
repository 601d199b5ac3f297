"""The registry of handlers: one for each kind, and functions only."""

from __future__ import annotations

import pytest

from apps.commands.command_kinds import SPECS, CommandKind, Rule
from tgadmin.gateway.commands.handlers import HANDLERS, MODULES

pytestmark = pytest.mark.pure


def test_every_kind_has_a_handler_and_every_handler_a_kind() -> None:
    assert set(HANDLERS) == set(CommandKind)


def test_no_kind_has_two() -> None:
    assert sum(len(module.HANDLERS) for module in MODULES) == len(HANDLERS)


def test_only_a_kind_that_looks_first_can_look_without_doing_it() -> None:
    looks = {kind for kind, handler in HANDLERS.items() if handler.check is not None}
    assert looks == {CommandKind.SEND}
    assert {SPECS[kind].rule for kind in looks} == {Rule.CHECK}


def test_who_is_told_that_it_was_refused_hears_what_was_not_done() -> None:
    """A handler with a sentence of its own for a missing right has a beginning of its own for it, too."""
    told = {kind for kind, handler in HANDLERS.items() if handler.denied is not None}
    assert told == {kind for kind, spec in SPECS.items() if spec.refusal != "Not done"}
