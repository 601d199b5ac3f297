"""The account's devices: looking at them, ending one or all others, how long an unused one lives."""

from __future__ import annotations

from functools import partial

from apps.commands.command_kinds import CommandKind
from apps.sessions.services import devices
from tgadmin.core.errors import TelegramError
from tgadmin.gateway.commands.job import Done, Handler, Job, Payload

GONE = "HASH_INVALID"
"""What Telegram says of an authorization that does not exist (any more)."""


async def _refresh(job: Job) -> Done:
    found = await job.account.client.devices.list()
    return Done({"devices": len(found.devices)}, partial(devices.record, job.held.session_id, found))


async def _end(job: Job) -> Done:
    try:
        await job.account.client.devices.end(int(job.payload["hash"]))
    except TelegramError as error:
        if error.code != GONE:
            raise
    return await _refresh(job)


async def _end_others(job: Job) -> Done:
    await job.account.client.devices.end_others()
    return await _refresh(job)


async def _ttl(job: Job) -> Done:
    await job.account.client.devices.set_ttl(int(job.payload["days"]))
    return await _refresh(job)


def _refused(payload: Payload, code: str, seconds: int | None) -> None:
    devices.refused(int(payload["session"]), code)


HANDLERS = {
    CommandKind.DEVICES: Handler(_refresh),
    CommandKind.DEVICES_END: Handler(_end, failed=_refused),
    CommandKind.DEVICES_END_OTHERS: Handler(_end_others, failed=_refused),
    CommandKind.DEVICES_TTL: Handler(_ttl, failed=_refused),
}
