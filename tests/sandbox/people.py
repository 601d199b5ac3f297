"""People with stock clients, who know each other, for tests of what they do to each other."""

from collections.abc import Awaitable, Callable
from typing import Any

from telethon import TelegramClient, events
from telethon.tl import types

from sandbox.server import Sandbox
from sandbox.world.accounts import Contact
from tests.kit.waiting import until

ClientFor = Callable[..., Awaitable[TelegramClient]]
Refused = Callable[[Awaitable[Any]], Awaitable[str]]


class Person:
    """One account with a stock client; `updates` is what was pushed to the client, in order."""

    def __init__(self, sandbox: Sandbox, client: TelegramClient, user_id: int) -> None:
        self.world = sandbox.world
        self.client = client
        self.id = user_id
        self.updates: list[Any] = []
        client.add_event_handler(self._heard, events.Raw)

    async def _heard(self, update: Any) -> None:
        self.updates.append(update)

    async def __call__(self, request: Any) -> Any:
        return await self.client(request)

    def peer(self, marked: int) -> Any:
        """How this person names that peer."""
        return self.world.peers.input_peer(self.id, marked)

    def user(self, user_id: int) -> types.InputUser:
        return types.InputUser(user_id, self.world.peers.access_hash(self.id, user_id))

    def channel(self, marked: int) -> types.InputChannel:
        peer = self.peer(marked)
        return types.InputChannel(peer.channel_id, peer.access_hash)

    async def heard(self, kind: type, count: int = 1) -> list[Any]:
        """The updates of that kind, once there are so many."""
        await until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    def of(self, kind: type) -> list[Any]:
        return [update for update in self.updates if isinstance(update, kind)]

    async def settled(self) -> None:
        """Wait until all that was pushed so far has been handled: later pushes come after it."""
        marker = types.SendMessageEmojiInteractionSeen(f"marker {len(self.updates)}")
        other = next(account for account in self.world.accounts if account.is_service)
        container = types.UpdateShort(types.UpdateUserTyping(other.user_id, marker), self.world.now())
        self.world.pusher(self.id, container, None)
        await until(lambda: any(getattr(each, "action", None) == marker for each in self.updates))
        self.updates = [each for each in self.updates if getattr(each, "action", None) != marker]


async def meet(sandbox: Sandbox, client_for: ClientFor, count: int = 2) -> list[Person]:
    """So many people, each a contact of all others, each with a client that is signed in."""
    people = []
    for number in range(count):
        client = await client_for(f"99966200{number:02}")
        people.append(Person(sandbox, client, (await client.get_me()).id))
    accounts = sandbox.world.accounts
    for person in people:
        for other in people:
            if other is not person:
                accounts.add_contact(accounts[person.id], other.id, Contact(accounts[other.id].first_name))
    return people


def texts(messages: Any) -> list[str]:
    return [message.message for message in messages]
