"""What is done about a code, and what staff are told: the table's row, or its kind's default."""

from __future__ import annotations

from dataclasses import dataclass

from tgadmin.core.errors.codes import TelegramErrorCode
from tgadmin.core.errors.kinds import Action, Kind, SuggestedAction
from tgadmin.core.errors.parsing import kind_of
from tgadmin.core.errors.suggested_actions import suggested_action_for
from tgadmin.core.errors.table import DEFAULTS, TABLE

_KNOWN = frozenset(TABLE)
PROXY_CODES = frozenset({"PROXY_FORBIDDEN", "PROXY_NO_WAY", "PROXY_REFUSED", "PROXY_SILENT", "PROXY_UNREACHABLE"})
"""What an account's proxy can do wrong."""


@dataclass(frozen=True, slots=True)
class Disposition:
    """One row of the table, in words for staff: ``message`` a sentence, ``next_step`` what to do now."""

    code: str
    kind: Kind
    action: Action
    message: str
    next_step: str

    @property
    def suggested_action(self) -> SuggestedAction:
        """The button that goes with ``next_step``."""
        return suggested_action_for(self.code, self.action)

    @property
    def is_fatal(self) -> bool:
        """Whether the authorization that met this code is of no use any more."""
        return self.action is Action.STOP


def disposition(code: str, kind: Kind | None = None) -> Disposition:
    """The table's row for a code (without numbers); an unknown code gets its kind's default.

    ``kind`` helps where a code is unknown but the number beside it was seen: pass ``TelegramError.kind``.
    """
    if code in _KNOWN:
        return Disposition(code, kind_of(code), *TABLE[TelegramErrorCode(code)])
    kind = kind or kind_of(code)
    return Disposition(code, kind, *DEFAULTS[kind])
