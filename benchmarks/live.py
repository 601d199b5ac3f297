"""Both sides of the live benchmarks: accounts, their chats, sockets of tagged messages, and what was seen."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import sockets
from benchmarks.figures import median
from benchmarks.processor import Processor, said
from benchmarks.sockets import Watcher
from benchmarks.staff import cookies
from benchmarks.stage import Stage

CHATS_SECONDS = 60.0


@dataclass(frozen=True)
class Side:
    """One of the two ways: who writes to whom, and where a socket of the n-th chat is to be opened."""

    targets: list[list[int]]
    accounts: list[dict[str, Any]]
    port: int
    is_ours: bool


@dataclass(frozen=True)
class Seen:
    """One run: milliseconds of every arrival, how many never came or came twice, and what each program took of the
    processor (percent of a core)."""

    milliseconds: list[float]
    lost: int
    twice: int
    shares: dict[str, float]


@contextlib.contextmanager
def both(stage: Stage, accounts: int, chats: int) -> Iterator[dict[str, Side]]:
    """Ours (gateway and web process) and the bare relay, each with ``accounts`` of ``chats`` chats; both run."""
    mine = stage.accounts(accounts, friends=chats)
    theirs = stage.bare_accounts(accounts, friends=chats)
    try:
        with stage.gateway(), stage.web() as (_, port), stage.bare() as relay:
            stage.wait_ready(mine)
            relay("connect", accounts=theirs, host=stage.network["host"], port=stage.network["port"])
            relay_port = relay("relay")
            ours = Side(_targets(mine), mine, port, True)
            bare = Side(_targets(theirs), theirs, relay_port, False)
            for side in (ours, bare):  # each chat's first message makes the chat
                stage.centre("feed", targets=side.targets, rate=500, count=len(side.targets))
            stage.wait(lambda: len(chat_rows(ours)) == len(ours.targets), CHATS_SECONDS, "all chats are there")
            yield {"ours": ours, "bare": bare}
    finally:
        stage.forget(mine)


def _targets(accounts: Sequence[dict[str, Any]]) -> list[list[int]]:
    return [[friend, account["user_id"]] for account in accounts for friend in account["friends"]]


def chat_rows(side: Side) -> dict[tuple[int, int], tuple[int, int]]:
    """Our chats: (friend, account) as the data centre names them -> (chat row, session row)."""
    from apps.chats.models import Chat

    ids = {account["session"].pk: account["user_id"] for account in side.accounts}
    rows = Chat.objects.filter(session_id__in=ids).values_list("peer_id", "session_id", "pk")
    friends = {(friend, user) for friend, user in side.targets}
    return {(peer, ids[session]): (pk, session) for peer, session, pk in rows if (peer, ids[session]) in friends}


async def subscribe(side: Side, each: int, prefix: str) -> list[Watcher]:
    """``each`` sockets on every chat."""
    targets = [tuple(target) for target in side.targets for _ in range(each)]
    if not side.is_ours:
        watchers = [Watcher(friend) for friend, _ in targets]
        await sockets.opened([sockets.open_bare(watcher, side.port) for watcher in watchers])
        return watchers
    rows = await asyncio.to_thread(chat_rows, side)
    places = [rows[friend, user] for friend, user in targets]
    keys = await asyncio.to_thread(cookies, [session for _, session in places], prefix)
    watchers = [Watcher(chat) for chat, _ in places]
    await sockets.opened(
        [
            sockets.open_ours(watcher, side.port, session, cookie)
            for watcher, (_, session), cookie in zip(watchers, places, keys, strict=True)
        ]
    )
    return watchers


async def measure(stage: Stage, side: Side, watchers: Sequence[Watcher], rate: float, count: int, each: int) -> Seen:
    """One feed over all chats of the side."""
    for watcher in watchers:
        watcher.reset()
    gc.collect()
    gc.disable()  # the measuring end shall not stand still itself
    alive = asyncio.create_task(sockets.keep_alive(watchers)) if side.is_ours else None
    expected = count * each
    processor = Processor(stage.pids)
    try:
        await sockets.feed(
            lambda: stage.centre("feed", targets=side.targets, rate=rate, count=count), watchers, expected
        )
        shares = processor.shares()
    finally:
        gc.enable()
        if alive is not None:
            alive.cancel()
    milliseconds = [took for watcher in watchers for took in watcher.seen.values()]
    twice = sum(watcher.twice for watcher in watchers)
    return Seen(milliseconds, expected - len(milliseconds), twice, shares)


def middle(found: Sequence[Seen]) -> str:
    """What each program took of the processor over these runs, for the table."""
    names = {name for one in found for name in one.shares}
    return said({name: median(one.shares.get(name, 0.0) for one in found) for name in names})
