"""Sending, editing and deleting messages: each once, whatever dies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from apps.chats.models import Message
from apps.chats.services import outcomes
from apps.commands.command_kinds import CommandKind
from tgadmin.core.errors import Kind, TelegramError, refusals
from tgadmin.core.formatting import from_json
from tgadmin.core.types import Entity, History, Incoming, MessageIdAssigned, MessagesDeleted, is_channel
from tgadmin.gateway.commands.job import Done, Handler, Job, Payload, TryLater

DUPLICATE = "RANDOM_ID_DUPLICATE"
DUPLICATE_PAUSE = 1.0
MOVED_PAUSE = 0.1
ATTEMPTS_BEFORE_SEARCH = 2
"""One to hear of it, one more after catching up again; after that the history is searched."""
SEARCHED_MESSAGES = 100
CLOCKS_APART = timedelta(minutes=10)
"""So far Telegram's clock may be behind the database's."""


@dataclass(frozen=True, slots=True)
class Ours:
    """A stored message, as a handler needs it."""

    peer_id: int
    box: int
    telegram_id: int | None
    random_id: int | None
    state: str
    text: str
    reply_to_id: int | None
    deleted_at: datetime | None
    entities: object
    media: object

    @property
    def spans(self) -> tuple[Entity, ...]:
        return from_json(self.entities)

    @property
    def is_without_preview(self) -> bool:
        """Whether it has a link and no preview of it: whoever wrote it wanted none, or there is none."""
        return self.media is None and any(span.kind in ("url", "text_url") for span in self.spans)

    @property
    def is_above(self) -> bool:
        """Whether its media stands where it usually does not."""
        return isinstance(self.media, dict) and self.media.get("above") is True


def look(message_ids: Sequence[int]) -> list[Ours]:
    """Those of the messages that are there still."""
    found = Message.objects.filter(pk__in=message_ids).order_by("pk")
    columns = ("box", "telegram_id", "random_id", "state", "text", "reply_to_id", "deleted_at", "entities", "media")
    return [Ours(*row) for row in found.values_list("chat__peer_id", *columns)]


async def send(job: Job) -> Done:
    """Telegram makes one message of all tries with one random_id; after an unknown outcome we check first, all the
    same."""
    message_id = int(job.payload["message"])
    if job.unknown:
        await job.account.settled()
    ours = await _one(job, message_id)
    if ours is None:
        return Done({"gone": True})
    if ours.telegram_id is not None:
        return _sent(ours.telegram_id)
    if ours.random_id is None:
        raise TelegramError("RANDOM_ID_EMPTY")
    try:
        telegram_id = await job.account.client.messages.send(
            ours.peer_id, ours.text, ours.random_id, reply_to_id=ours.reply_to_id, entities=ours.spans
        )
    except TelegramError as error:
        if error.code == DUPLICATE:
            return await _delivered_or_pending(job, message_id)
        if await _has_moved(job, ours, message_id, error):
            raise TryLater(MOVED_PAUSE, error.code) from None
        raise
    if telegram_id is None:
        return await _delivered_or_pending(job, message_id)
    # Behind the update that came with the answer, so that pages see the message change once.
    await job.account.inbox.put_fetched(Incoming((MessageIdAssigned(ours.random_id, telegram_id),)))
    return await _delivered_or_pending(job, message_id)


async def _has_moved(job: Job, ours: Ours, message_id: int, error: TelegramError) -> bool:
    """Whether the message belongs elsewhere meanwhile: its group has become a supergroup. The refusal may come before
    the update that says so."""
    if ours.peer_id > 0 or is_channel(ours.peer_id) or error.kind not in (Kind.CALLER, Kind.RIGHTS):
        return False
    # The answer brings the group as it is now.
    page = await job.account.client.messages.history(ours.peer_id, limit=1)
    await job.account.inbox.put_fetched(page)
    await job.account.inbox.flush()
    now = await _one(job, message_id)
    return now is not None and now.peer_id != ours.peer_id


async def check_whether_sent(job: Job) -> Done:
    """Whoever wrote it may no longer write, and Telegram may have it: it is never asked for again, only looked for."""
    await job.account.settled()
    message_id = int(job.payload["message"])
    ours = await _one(job, message_id)
    if ours is None:
        return Done({"gone": True})
    telegram_id = ours.telegram_id if ours.telegram_id is not None else await _search_history(job, ours)
    if telegram_id is not None:
        return _sent(telegram_id)
    if job.command.attempts <= ATTEMPTS_BEFORE_SEARCH:
        raise TryLater(DUPLICATE_PAUSE, refusals.CODE)  # what was on its way may arrive still
    raise TelegramError(refusals.CODE)


async def _delivered_or_pending(job: Job, message_id: int) -> Done:
    """Telegram has had this random_id: catch up, look for the id, ask again later; never with another random_id."""
    await job.account.inbox.flush()
    ours = await _one(job, message_id)
    if ours is not None and ours.telegram_id is not None:
        return _sent(ours.telegram_id)
    if ours is not None and job.command.attempts > ATTEMPTS_BEFORE_SEARCH:
        telegram_id = await _search_history(job, ours)
        if telegram_id is not None:
            return _sent(telegram_id)
    elif job.command.attempts > 1:
        job.account.rebuild()
    raise TryLater(DUPLICATE_PAUSE, DUPLICATE)


async def _search_history(job: Job, ours: Ours) -> int | None:
    """The id of a message that Telegram has, though neither an answer nor an update will ever tell which it is (its
    update lay in a gap that Telegram no longer fills): the oldest of that text which is nobody else's."""
    page = await job.account.client.messages.history(ours.peer_id, limit=SEARCHED_MESSAGES)
    since = job.command.created_at - CLOCKS_APART
    histories = (change for change in page.changes if isinstance(change, History))
    alike = sorted(
        one.id
        for history in histories
        for one in history.messages
        if one.out and one.text.strip() == ours.text.strip() and one.date >= since
    )
    others = await job.tools.threads.run(taken, job.held.session_id, ours.box, alike)
    found = next((one for one in alike if one not in others), None)
    if found is None or ours.random_id is None:
        return None
    job.account.inbox.put(replace(page, changes=(*page.changes, MessageIdAssigned(ours.random_id, found))))
    await job.account.inbox.flush()
    return found


def taken(session_id: int, box: int, telegram_ids: Sequence[int]) -> set[int]:
    """Those of the ids that messages written here bear."""
    found = Message.objects.filter(session_id=session_id, box=box, telegram_id__in=telegram_ids)
    return {one for one in found.exclude(random_id=None).values_list("telegram_id", flat=True) if one is not None}


async def _one(job: Job, message_id: int) -> Ours | None:
    found = await job.tools.threads.run(look, [message_id])
    return found[0] if found else None


def _sent(telegram_id: int) -> Done:
    """The message has its id and its state already: the inbox alone writes both."""
    return Done({"telegram_id": telegram_id})


def _send_failed(payload: Payload, code: str, seconds: int | None) -> None:
    outcomes.failed(int(payload["message"]), code)


def _send_denied(payload: Payload, message: str) -> None:
    outcomes.failed(int(payload["message"]), refusals.CODE, message)


def _send_waits(payload: Payload, until: datetime, code: str) -> None:
    outcomes.waiting(int(payload["message"]), until, code)


async def edit(job: Job) -> Done:
    """The row changes with the update that Telegram gives for it: nothing here could be newer."""
    ours = await _one(job, int(job.payload["message"]))
    if ours is None or ours.telegram_id is None or ours.deleted_at is not None:
        raise TelegramError("MESSAGE_ID_INVALID")
    await job.account.client.messages.edit(
        ours.peer_id,
        ours.telegram_id,
        str(job.payload["text"]),
        entities=from_json(job.payload.get("entities")),
        no_preview=ours.is_without_preview,
        above=ours.is_above,
    )
    await job.account.inbox.flush()
    return Done()


def _edit_failed(payload: Payload, code: str, seconds: int | None) -> None:
    outcomes.refused([int(payload["message"])], "edit", code)


def _edit_denied(payload: Payload, message: str) -> None:
    outcomes.refused([int(payload["message"])], "edit", refusals.CODE, _reason(message))


async def delete(job: Job) -> Done:
    """Telegram does not tell the one who deletes: we put it into the inbox ourselves, behind all that came before."""
    found = await job.tools.threads.run(look, [int(one) for one in job.payload["messages"]])
    there = [ours for ours in found if ours.telegram_id is not None and ours.deleted_at is None]
    if not there:
        return Done({"deleted": 0})
    ids = tuple(ours.telegram_id for ours in there if ours.telegram_id is not None)
    await job.account.client.messages.delete(there[0].peer_id, list(ids), revoke=True)
    await job.account.inbox.put_fetched(Incoming((MessagesDeleted(there[0].box, ids),)))
    return Done({"deleted": len(ids)})


def _delete_failed(payload: Payload, code: str, seconds: int | None) -> None:
    outcomes.refused([int(one) for one in payload["messages"]], "delete", code)


def _delete_denied(payload: Payload, message: str) -> None:
    outcomes.refused([int(one) for one in payload["messages"]], "delete", refusals.CODE, _reason(message))


def _reason(message: str) -> str:
    """The page says itself what was not done."""
    return message.partition(": ")[2]


HANDLERS = {
    CommandKind.SEND: Handler(
        send, failed=_send_failed, waits=_send_waits, denied=_send_denied, check=check_whether_sent
    ),
    CommandKind.EDIT: Handler(edit, failed=_edit_failed, denied=_edit_denied),
    CommandKind.DELETE: Handler(delete, failed=_delete_failed, denied=_delete_denied),
}
