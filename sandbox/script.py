"""The demo's scripted contacts: they write now and then, read what is written to them, type, answer, sometimes edit.

They act through the world as if from their phones, so everybody else sees what Telegram would show.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.demo import LANGUAGES, texts
from sandbox.errors import RpcError
from sandbox.world.messages import Post, is_channel

if TYPE_CHECKING:
    from sandbox.server import Sandbox
    from sandbox.world.accounts import Account

_ECHO_LENGTH = 48
_TYPING_SECONDS = (
    4.0  # clients show "typing" for about six seconds: https://core.telegram.org/method/messages.setTyping
)
UNANSWERED = 2  # messages that a contact writes unasked before they wait for an answer
Span = tuple[float, float]


@dataclass(frozen=True)
class Timings:
    """How long scripted contacts take, in seconds from-to, and how often they correct themselves."""

    read: Span = (0.3, 0.9)  # until a message to them is read
    typing: Span = (1.0, 2.0)
    edit: Span = (1.5, 3.0)  # from the answer to its correction
    pause: Span = (45.0, 120.0)  # between two messages that nobody asked for
    edit_chance: float = 0.2


class Script:
    """Runs the scripted accounts of a sandbox's world. What they say depends on `seed` and the message, not on time."""

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        seed: int = 1,
        timings: Timings | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._world = sandbox.world
        self._seed = seed
        self._timings = timings or Timings()
        self._sleep = sleep
        self._waiting: dict[tuple[int, int], Post] = {}  # by who answers, and where: the last message to answer
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._world.watchers.append(self._noticed)
        self._run(self._write_now_and_then())

    async def stop(self) -> None:
        """End all that is under way."""
        if self._noticed in self._world.watchers:
            self._world.watchers.remove(self._noticed)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def idle(self) -> None:
        """Wait until every message that was noticed has been answered."""
        while self._waiting:
            await asyncio.wait(list(self._tasks), return_when=asyncio.FIRST_COMPLETED)

    # --- answering

    def _noticed(self, post: Post) -> None:
        """Called within the step that makes a message: whoever is to answer it does so later."""
        if post.action is not None or self._is_scripted(post.author):
            return
        answerer = self._answerer(post)
        if answerer is None:
            return
        where = answerer, post.author if post.to > 0 else post.to
        busy = where in self._waiting
        self._waiting[where] = post
        if not busy:
            self._run(self._answer_all(*where))

    def _answerer(self, post: Post) -> int | None:
        """The addressee of a private message; in a group one of its scripted members; in a channel nobody."""
        if post.to > 0:
            return post.to if self._is_scripted(post.to) and post.to in post.copies else None
        chat = self._world.chats[post.to]
        scripted = sorted(user_id for user_id in chat.members if self._is_scripted(user_id))
        if chat.kind == "channel" or not scripted:
            return None
        return self._rng(post.uid).choice(scripted)

    async def _answer_all(self, who: int, peer: int) -> None:
        """Answer in one chat until nothing new has come meanwhile."""
        try:
            answered = None
            while (post := self._waiting[who, peer]) is not answered:
                answered = post
                with contextlib.suppress(RpcError):  # blocked, thrown out, deleted meanwhile: then there is no answer
                    await self._answer(who, peer, post)
        finally:
            del self._waiting[who, peer]

    async def _answer(self, who: int, peer: int, post: Post) -> None:
        rng, timings, world = self._rng(post.uid), self._timings, self._world
        await self._sleep(rng.uniform(*timings.read))
        world.read(who, peer)
        left = rng.uniform(*timings.typing)
        while left > 0:
            world.typing(who, peer)
            await self._sleep(min(left, _TYPING_SECONDS))
            left -= _TYPING_SECONDS
        voice = texts.ANSWERS[self._language(who)]
        asked = post.text.rstrip().endswith(("?", "？", "؟"))
        text = rng.choice(voice["question" if asked else "plain"]).format(echo=_echo(post.text))
        copy = post.copies.get(peer if is_channel(peer) else who)
        replies = peer < 0 or rng.random() < 0.3
        number = world.send(who, peer, text, reply_to=copy.id if copy and replies else None)
        if rng.random() < timings.edit_chance:
            await self._sleep(rng.uniform(*timings.edit))
            world.edit(who, peer, number, text + voice["edit"][0])

    # --- writing unasked

    async def _write_now_and_then(self) -> None:
        rng = self._rng(0)
        while True:
            await self._sleep(rng.uniform(*self._timings.pause))
            who = self._chosen(rng)
            if who is None:
                continue
            account, peer = who
            language = self._language(account.user_id)
            text = rng.choice(texts.ANSWERS[language]["first"]).format(day=rng.choice(texts.DAYS[language]))
            with contextlib.suppress(RpcError):
                self._world.typing(account.user_id, peer)
                await self._sleep(rng.uniform(*self._timings.typing))
                self._world.send(account.user_id, peer, text)

    def _chosen(self, rng: random.Random) -> tuple[Account, int] | None:
        """A scripted contact and somebody to write to: one who lives, is no script, and has written with them before.

        Who has written twice waits for an answer.
        """
        accounts = self._world.accounts
        candidates = []
        for account in accounts:
            if not account.is_scripted or not account.live:
                continue
            for peer in self._world.boxes.box(account.user_id).dialogs:
                other = accounts.get(peer)
                if other is None or not other.live or other.is_scripted or other.is_service:
                    continue
                if not self._waits_for_answer(account.user_id, peer):
                    candidates.append((account, peer))
        return rng.choice(candidates) if candidates else None

    def _waits_for_answer(self, author: int, peer: int) -> bool:
        box = self._world.boxes.box(author)
        last = [box.posts[number].author for number in box.thread(peer)[-UNANSWERED:]]
        return last == [author] * UNANSWERED

    # --- inside

    def _run(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _rng(self, number: int) -> random.Random:
        return random.Random(f"{self._seed}:{number}")

    def _is_scripted(self, user_id: int) -> bool:
        account = self._world.accounts.get(user_id)
        return account is not None and account.is_scripted and account.live

    def _language(self, user_id: int) -> str:
        return LANGUAGES.get(self._world.accounts[user_id].phone, "en")


def _echo(text: str) -> str:
    """The beginning of a text, on one line, to be quoted."""
    line = " ".join(text.split()).rstrip("?？؟!. ")
    return line if len(line) <= _ECHO_LENGTH else line[:_ECHO_LENGTH].rstrip() + "…"
