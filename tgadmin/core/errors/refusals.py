"""What somebody lacks whose command is refused at its execution, and how that is said."""

from __future__ import annotations

from enum import StrEnum

CODE = "REFUSED_RIGHT"


class Lack(StrEnum):
    """Why a command is not carried out; NOTHING: it is."""

    NOTHING = ""
    GONE = "gone"
    """Whoever asked is no user any more."""
    INACTIVE = "inactive"
    NOT_STAFF = "not_staff"
    SECOND_FACTOR = "second_factor"
    """All staff need one, and they have none."""
    ROLE = "role"
    NOT_OURS = "not_ours"
    """Marked as the system's own, though the system never asks for such a thing."""


_REASONS = {
    Lack.GONE: "{who} is no longer a user here.",
    Lack.INACTIVE: "{who}'s user is no longer active.",
    Lack.NOT_STAFF: "{who} is no longer on the staff.",
    Lack.SECOND_FACTOR: "{who} has no second factor, which all staff need now.",
    Lack.ROLE: "{who} may no longer {action}.",
    Lack.NOT_OURS: "nobody asked for it.",
}


def sentence(begins: str, who: str, lack: Lack, action: str) -> str:
    """Who lacks what.

    >>> sentence("Not sent", "Marta", Lack.ROLE, "write in this account")
    'Not sent: Marta may no longer write in this account.'
    """
    return f"{begins}: {_REASONS[lack].format(who=who or 'whoever asked', action=action)}"
