"""Every kind of command that the bus carries, and everything that is declared about one: here and nowhere else.

Services, the claim's SQL, the limits, the bus and what staff are told derive from ``SPECS``; the gateway's handlers
(tgadmin/gateway/commands/handlers) add only the functions that do the work. How to add a kind: docs/recipes.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from uuid import UUID

from apps.staff.roles import Role


class CommandKind(StrEnum):
    """What the gateway can be asked to do at Telegram. The values are stored: they are never changed or used again."""

    SEND = "send"
    EDIT = "edit"
    DELETE = "delete"
    READ = "read"
    MARK = "mark"
    TYPING = "typing"
    HISTORY = "history"
    DIALOGS = "dialogs"
    UNREAD = "unread"
    LOG_OUT = "log_out"
    DEVICES = "devices"
    DEVICES_END = "devices.end"
    DEVICES_END_OTHERS = "devices.end_others"
    DEVICES_TTL = "devices.ttl"
    PROXY_SET = "proxy.set"
    PROXY_TRY = "proxy.try"
    SIGN_IN_SEND_CODE = "sign_in.send_code"
    SIGN_IN_RESEND = "sign_in.resend"
    SIGN_IN_CANCEL = "sign_in.cancel"
    SIGN_IN_CODE = "sign_in.code"
    SIGN_IN_EMAIL = "sign_in.email"
    SIGN_IN_QR = "sign_in.qr"
    SIGN_IN_IMPORT = "sign_in.import"
    SIGN_IN_PASSWORD = "sign_in.password"  # noqa: S105  a kind of command


@dataclass(frozen=True, slots=True)
class Need:
    """What whoever asked for a command must still have when it is claimed.

    ``role``: at least that one in the session; None: nothing, since it only brings to an end at Telegram what was
    decided and done here when it was asked for. ``or_starter``: whoever started the sign-in of a new account and may
    add accounts still will do (``rights.may_drive``). ``system``: the system asks for such things of its own accord.
    """

    role: Role | None
    or_starter: bool = False
    system: bool = False


class Subject(Enum):
    """What a lane belongs to, within its session."""

    ACCOUNT = auto()
    """The account as a whole: one such lane per session."""
    CHAT = auto()
    """A chat, by its peer id."""
    AUTHORIZATION = auto()
    """An auth key, by its row's id."""
    SIGN_IN = auto()
    """A sign-in attempt, by its id."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Commands of one lane run one at a time, in the order of their ids; lanes do not wait for each other."""

    name: str
    subject: Subject = Subject.ACCOUNT

    def of(self, about: int | UUID | None = None) -> str:
        """The lane as a command's row has it. ``about``: which chat, authorization or sign-in; None for a lane of the
        account. Raises ValueError where one is missing, or given for a lane of the account."""
        if (about is None) != (self.subject is Subject.ACCOUNT):
            raise ValueError(f"the lane '{self.name}' is of one {self.subject.name}, not of {about!r}")
        return self.name if about is None else f"{self.name}:{about}"


CHAT_LANE = Lane("chat", Subject.CHAT)
"""What must keep its order within a chat. How much may wait in one is limited (COMMANDS_PER_CHAT)."""
READ_LANE = Lane("read", Subject.CHAT)
MARK_LANE = Lane("mark", Subject.CHAT)
TYPING_LANE = Lane("typing", Subject.CHAT)
HISTORY_LANE = Lane("history", Subject.CHAT)
ACCOUNT_LANE = Lane("account")
UNREAD_LANE = Lane("unread")
DEVICES_LANE = Lane("devices")
PROXY_LANE = Lane("proxy")
LOG_OUT_LANE = Lane("log-out", Subject.AUTHORIZATION)
"""Of its own: what waits in the account's lane may need the connection that a log-out closes first."""
SIGN_IN_LANE = Lane("sign-in", Subject.SIGN_IN)


class Rule(Enum):
    """What to do about a command whose outcome is unknown: its gateway died, or Telegram's answer was lost."""

    REPEAT = auto()
    """Doing it twice is the same as once."""
    CHECK = auto()
    """The handler looks first (``Job.unknown``), then repeats."""
    DROP = auto()
    """It is worth nothing later."""


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """What is declared about a kind of command.

    ``need``: the right that whoever asks must have, at the claim too. ``lane``: what it keeps its order with. ``rule``:
    what follows from an unknown outcome. ``methods``: Telegram's names of what it calls, for which the flood ledger is
    asked. ``needs_account``: it runs only while the account is connected, and fails when the account's authorization
    ends. ``slow`` kinds are fetches; they have slots of their own, so that they hold nobody up.

    ``timeout``: seconds without ``Job.progress`` after which it counts as stuck. ``tries``: how often it is tried at
    most. ``obeys_waits``: a flood wait is waited for here; else it is the command's answer. ``patient``: a connection
    that cannot be made is waited for; else, since a person waits for the answer, it is the answer once the tries are
    used up. ``refusal``: how the sentence begins that tells why it was not done for lack of a right.
    """

    need: Need
    lane: Lane
    rule: Rule
    methods: tuple[str, ...] = ()
    needs_account: bool = True
    slow: bool = False
    timeout: float = 25.0
    tries: int = 8
    obeys_waits: bool = True
    patient: bool = True
    refusal: str = "Not done"

    @property
    def is_limited(self) -> bool:
        """Whether it acts for whoever asked, and counts among what they may have waiting; what only brings something
        to an end is never one too many."""
        return self.need.role is not None


_OPERATOR = Need(Role.OPERATOR)
_MANAGER = Need(Role.MANAGER)
_MANAGER_OR_SYSTEM = Need(Role.MANAGER, system=True)
_ENDS = Need(None, system=True)
_STARTER = Need(Role.MANAGER, or_starter=True)


def _sign_in(need: Need = _STARTER, rule: Rule = Rule.REPEAT) -> CommandSpec:
    """A step of a sign-in: there is no account yet, and a person waits for the answer, whatever it is."""
    return CommandSpec(
        need, SIGN_IN_LANE, rule, needs_account=False, timeout=60.0, tries=4, obeys_waits=False, patient=False
    )


_PROXY = CommandSpec(_MANAGER, PROXY_LANE, Rule.REPEAT, needs_account=False, timeout=40.0)

SPECS: Mapping[CommandKind, CommandSpec] = MappingProxyType(
    {
        CommandKind.SEND: CommandSpec(
            _OPERATOR, CHAT_LANE, Rule.CHECK, methods=("messages.sendMessage",), refusal="Not sent"
        ),
        CommandKind.EDIT: CommandSpec(
            _OPERATOR, CHAT_LANE, Rule.REPEAT, methods=("messages.editMessage",), refusal="Not changed"
        ),
        CommandKind.DELETE: CommandSpec(
            _OPERATOR,
            CHAT_LANE,
            Rule.REPEAT,
            methods=("messages.deleteMessages", "channels.deleteMessages"),
            refusal="Not deleted",
        ),
        CommandKind.READ: CommandSpec(
            _OPERATOR, READ_LANE, Rule.REPEAT, methods=("messages.readHistory", "channels.readHistory")
        ),
        CommandKind.MARK: CommandSpec(_OPERATOR, MARK_LANE, Rule.REPEAT, methods=("messages.markDialogUnread",)),
        CommandKind.TYPING: CommandSpec(
            _OPERATOR, TYPING_LANE, Rule.DROP, methods=("messages.setTyping",), timeout=5.0
        ),
        CommandKind.HISTORY: CommandSpec(
            Need(Role.VIEWER, system=True), HISTORY_LANE, Rule.REPEAT, methods=("messages.getHistory",), slow=True
        ),
        CommandKind.DIALOGS: CommandSpec(
            _MANAGER_OR_SYSTEM, ACCOUNT_LANE, Rule.REPEAT, methods=("messages.getDialogs",), slow=True
        ),
        CommandKind.UNREAD: CommandSpec(
            _MANAGER_OR_SYSTEM, UNREAD_LANE, Rule.REPEAT, methods=("messages.getPeerDialogs",), slow=True
        ),
        CommandKind.LOG_OUT: CommandSpec(
            _ENDS, LOG_OUT_LANE, Rule.REPEAT, methods=("auth.logOut",), needs_account=False, tries=20
        ),
        CommandKind.DEVICES: CommandSpec(
            _MANAGER_OR_SYSTEM, DEVICES_LANE, Rule.REPEAT, methods=("account.getAuthorizations",)
        ),
        CommandKind.DEVICES_END: CommandSpec(
            _MANAGER, DEVICES_LANE, Rule.REPEAT, methods=("account.resetAuthorization",)
        ),
        CommandKind.DEVICES_END_OTHERS: CommandSpec(
            _MANAGER, DEVICES_LANE, Rule.REPEAT, methods=("auth.resetAuthorizations",)
        ),
        CommandKind.DEVICES_TTL: CommandSpec(
            _MANAGER, DEVICES_LANE, Rule.REPEAT, methods=("account.setAuthorizationTTL",)
        ),
        CommandKind.PROXY_SET: _PROXY,
        CommandKind.PROXY_TRY: _PROXY,
        CommandKind.SIGN_IN_SEND_CODE: _sign_in(rule=Rule.CHECK),
        CommandKind.SIGN_IN_RESEND: _sign_in(),
        CommandKind.SIGN_IN_CANCEL: _sign_in(_ENDS),
        CommandKind.SIGN_IN_CODE: _sign_in(rule=Rule.CHECK),
        CommandKind.SIGN_IN_EMAIL: _sign_in(),
        CommandKind.SIGN_IN_QR: _sign_in(rule=Rule.CHECK),
        CommandKind.SIGN_IN_IMPORT: _sign_in(),
        CommandKind.SIGN_IN_PASSWORD: _sign_in(rule=Rule.CHECK),
    }
)

NEED_ACCOUNT = tuple(kind for kind, spec in SPECS.items() if spec.needs_account)
"""Nobody can carry these out once the account's authorization has ended."""
WITHOUT_ACCOUNT = tuple(kind for kind, spec in SPECS.items() if not spec.needs_account)
"""These run although the account is not connected."""
SLOW = tuple(kind for kind, spec in SPECS.items() if spec.slow)


def kind_of(stored: str) -> CommandKind | None:
    """The kind of a stored command; None for one that this version does not know."""
    try:
        return CommandKind(stored)
    except ValueError:
        return None


def peer_of(kind: CommandKind, lane: str) -> int:
    """The peer id of the chat that a command of this kind and lane is about; 0 for what is of no chat."""
    about = lane.partition(":")[2]
    is_peer = SPECS[kind].lane.subject is Subject.CHAT and about.removeprefix("-").isdecimal()
    return int(about) if is_peer else 0
