"""What somebody may do with an account: the closed set, lowest first, and each in plain words.

The words are on the pages that give roles, and docs/roles.md is made of them (tests/staff/test_roles.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models


class Role(models.IntegerChoices):
    """Each role includes those before it."""

    VIEWER = 1, "Viewer"
    OPERATOR = 2, "Operator"
    MANAGER = 3, "Manager"


@dataclass(frozen=True, slots=True)
class Words:
    """A role as people read it. ``icon``: its name among Material Symbols; ``short``: one line, for a page; ``may`` and
    ``may_not``: what it comes to, each after "may" and "may not"."""

    icon: str
    short: str
    may: tuple[str, ...]
    may_not: tuple[str, ...] = ()


WORDS: dict[Role, Words] = {
    Role.VIEWER: Words(
        "visibility",
        "Reads chats. Cannot send or change anything.",
        ("read the account's chats and search them", "see the account's status and timeline"),
        ("send, edit or delete messages", "mark chats as read", "see chats with Telegram itself, where codes arrive"),
    ),
    Role.OPERATOR: Words(
        "forum",
        "Also answers: sends, edits, deletes, marks as read.",
        ("send messages, and edit and delete those that went out from here", "mark chats as read, and be seen typing"),
        ("sign the account in or out", "see chats with Telegram itself, where codes arrive"),
    ),
    Role.MANAGER: Words(
        "manage_accounts",
        "Also signs in and out, gives rights, sees login codes.",
        (
            "sign the account in again, disable it and log it out",
            "see and end its devices, and set its proxy",
            "give colleagues a role in it and take it away",
            "read chats with Telegram itself; codes in them are masked until they are revealed, which the audit keeps",
        ),
    ),
}
"""Held complete by a test."""

ADDS_ACCOUNTS = "Signs new accounts in, and manages those."
ADMINISTRATOR = "Manages every account, colleagues, groups and what is asked of all staff."
