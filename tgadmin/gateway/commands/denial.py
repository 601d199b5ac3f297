"""A command that is not carried out because whoever asked for it lacks the right by now: who is told, and in which
words."""

from __future__ import annotations

from typing import Any

from apps.commands.command_kinds import CommandSpec
from apps.sessions.models import Session, TimelineKind
from apps.sessions.services import timeline
from apps.staff.roles import Role
from apps.staff.services.audit import audit
from tgadmin.core.errors import refusals
from tgadmin.gateway.commands.claim import Claimed
from tgadmin.gateway.commands.job import Handler, Job

_ACTIONS = {
    Role.VIEWER: "see this account",
    Role.OPERATOR: "write in this account",
    Role.MANAGER: "manage this account",
}


def tell(job: Job, handler: Handler) -> None:
    """What the command was about, the account's timeline and the audit hear of it, in the transaction that settles."""
    command = job.command
    session = Session.objects.get(pk=command.session_id)
    facts: dict[str, Any] = {"command": command.kind, "who": command.asked_by, "lack": command.lack.value}
    timeline.note(session.pk, TimelineKind.COMMAND_REFUSED, code=refusals.CODE, **facts)
    audit(None, "command.refused", session, **facts, user_id=command.user_id, unknown_outcome=command.unknown)
    if handler.denied is None:
        handler.failed(job.payload, refusals.CODE, None)
    else:
        handler.denied(job.payload, sentence(command, job.spec))


def sentence(command: Claimed, spec: CommandSpec) -> str:
    """What was not done, since whoever asked lacks what; for people."""
    action = "sign accounts in" if spec.need.or_starter else _ACTIONS[spec.need.role or Role.VIEWER]
    return refusals.sentence(spec.refusal, command.asked_by, command.lack, action)
