"""Reading: marks, typing, older messages, the list of chats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from apps.chats.services import outcomes
from apps.commands.command_kinds import CommandKind
from tgadmin.core.errors import Kind, TelegramError
from tgadmin.core.types import ChatState, Dialog, DialogsPosition, History, Incoming
from tgadmin.gateway.accounts import gaps
from tgadmin.gateway.accounts import unread as counts
from tgadmin.gateway.commands.job import Done, Handler, Job

TYPING_LIFE = timedelta(seconds=5)
ABOUT_A_PEER = (Kind.CALLER, Kind.RIGHTS, Kind.REFUSED)


async def read(job: Job) -> Done:
    await job.account.client.messages.mark_read(int(job.payload["peer_id"]), int(job.payload["max_id"]))
    return Done()


async def mark(job: Job) -> Done:
    """Telegram does not tell the one who marks: we put it into the inbox, behind what it told before."""
    peer_id, unread = int(job.payload["peer_id"]), bool(job.payload["unread"])
    await job.account.client.dialogs.mark_unread(peer_id, unread=unread)
    await job.account.inbox.put_fetched(Incoming((ChatState(peer_id, unread_mark=unread),)))
    return Done()


async def typing(job: Job) -> Done:
    """Worth something for a few seconds only."""
    if datetime.now(UTC) - job.command.created_at > TYPING_LIFE:
        return Done({"dropped": True})
    await job.account.client.messages.send_typing(int(job.payload["peer_id"]), str(job.payload.get("action", "typing")))
    return Done()


async def history(job: Job) -> Done:
    """A page of older messages, through the same FIFO as everything else."""
    with job.account.inbox.window() as window:
        page = await job.account.client.messages.history(
            int(job.payload["peer_id"]),
            before_id=int(job.payload.get("before_id") or 0),
            limit=int(job.payload.get("limit") or 100),
        )
        page = window.reconcile(page)
        await job.account.inbox.put_fetched(page)
    await job.tools.threads.run(gaps.count, job.held.session_id)
    pages = [change for change in page.changes if isinstance(change, History)]
    stored = sum(len(one.messages) for one in pages)
    return Done({"stored": stored, "complete": any(one.complete for one in pages)})


async def dialogs(job: Job) -> Done:
    """The whole list of chats, page by page, each with its newest message; gaps of the past are closed by it.

    A wait, a broken connection or another gateway goes on after the last page that is stored."""
    listed = await _listed(job)
    pages = job.account.client.dialogs.pages(listed.after)
    while True:
        with job.account.inbox.window() as window:
            page = await anext(pages, None)
            if page is None:
                break
            await job.account.inbox.put_fetched(window.reconcile(page.incoming))
        listed.chats += _dialogs_in(page.incoming)
        listed.after, listed.total = page.after, page.total
        if page.after is not None:
            await job.keep_progress(listed.to_json())
    await job.tools.threads.run(gaps.close, job.held.session_id, listed.began)
    return Done({"chats": listed.chats})


@dataclass(slots=True)
class Listed:
    """How much of the list of chats is stored. ``began``: when its first page was asked for, by the database's clock;
    ``total``: how many chats Telegram counts, 0 before it has."""

    began: datetime
    after: DialogsPosition | None = None
    chats: int = 0
    total: int = 0

    def to_json(self) -> dict[str, Any]:
        after = None if self.after is None else self.after.to_json()
        return {"began": self.began.isoformat(), "after": after, "chats": self.chats, "total": self.total}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Listed:
        after = DialogsPosition.from_json(data["after"])
        return cls(datetime.fromisoformat(data["began"]), after, int(data["chats"]), int(data["total"]))


async def _listed(job: Job) -> Listed:
    if job.command.progress is not None:
        return Listed.from_json(job.command.progress)
    return Listed(await job.tools.threads.run(gaps.now))


async def unread(job: Job) -> Done:
    """How much is unread where the count is stale; what is still stale, since more happened meanwhile, is asked again
    later."""
    threads, session_id = job.tools.threads, job.held.session_id
    peers = await threads.run(counts.stale_chats, session_id)
    if not peers:
        return Done()
    try:
        await _fetch_dialogs(job, peers)
    except TelegramError as error:
        if error.kind not in ABOUT_A_PEER or error.is_fatal:
            raise
        for peer_id in peers:
            await _fetch_dialog(job, peer_id)
            job.progress()
    return Done({"chats": len(peers)}, partial(counts.ask_again, session_id, job.payload))


async def _fetch_dialogs(job: Job, peers: Sequence[int]) -> None:
    """What Telegram leaves out of its answer it tells nothing of, as if it had answered with an error about it: it is
    not asked for again."""
    with job.account.inbox.window() as window:
        page = await job.account.client.dialogs.some(peers)
        found = {change.peer_id for change in page.changes if isinstance(change, Dialog)}
        await job.account.inbox.put_fetched(window.reconcile(page))
    if omitted := set(peers) - found:
        await job.tools.threads.run(counts.leave, job.held.session_id, omitted)


async def _fetch_dialog(job: Job, peer_id: int) -> None:
    """One that Telegram tells nothing of does not keep the others from being asked for."""
    try:
        await _fetch_dialogs(job, [peer_id])
    except TelegramError as error:
        if error.kind not in ABOUT_A_PEER or error.is_fatal:
            raise
        await job.tools.threads.run(counts.leave, job.held.session_id, [peer_id])


def _dialogs_in(page: Incoming) -> int:
    return sum(isinstance(change, Dialog) for change in page.changes)


def _not_marked(payload: Mapping[str, Any], code: str, seconds: int | None) -> None:
    outcomes.not_marked(int(payload["chat"]), unread=bool(payload["unread"]))


HANDLERS = {
    CommandKind.READ: Handler(read),
    CommandKind.MARK: Handler(mark, failed=_not_marked),
    CommandKind.TYPING: Handler(typing),
    CommandKind.HISTORY: Handler(history),
    CommandKind.DIALOGS: Handler(dialogs),
    CommandKind.UNREAD: Handler(unread),
}
