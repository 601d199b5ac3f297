"""Who is there, in the sandbox's world: our accounts, the people who write to them, and the chats that they share."""

from __future__ import annotations

import random
from dataclasses import dataclass

from sandbox.control import ControlClient

FRIENDS = 3


@dataclass
class Account:
    """One account of ours. Peers are marked ids; ``friends`` write to it in private, the first two in ``group`` as
    well, the first in ``news``; ``board`` is its own channel; ``home`` is its data centre now."""

    phone: str
    me: int
    friends: list[int]
    group: int
    news: int
    board: int
    session: int = 0
    home: int = 1

    @property
    def chats(self) -> list[int]:
        return [*self.friends, self.group, self.news, self.board]

    @property
    def writable(self) -> list[int]:
        """Where the account writes."""
        return [*self.friends, self.group, self.board]

    def incoming(self, rng: random.Random) -> tuple[int, int]:
        """(who writes, to which peer as the writer names it)."""
        place = rng.choice([*self.friends, self.group, self.news])
        if place in self.friends:
            return place, self.me
        return (rng.choice(self.friends[:2]), self.group) if place == self.group else (self.friends[0], self.news)

    def witness(self, peer: int) -> tuple[int, int]:
        """(whose world shows what the account wrote to that chat, under which peer)."""
        if peer in self.friends:
            return peer, self.me
        return (self.friends[0] if peer == self.group else self.me), peer


def people(control: ControlClient, prefix: str) -> list[int]:
    """The friends: accounts of the sandbox that nobody signs in."""
    return [
        control.call("world.create_account", phone=f"{prefix}{number}", first_name=f"Friend {number}")
        for number in range(1, FRIENDS + 1)
    ]


def news_channel(control: ControlClient, friends: list[int]) -> int:
    return int(control.call("world.create_channel", creator=friends[0], title="News", kind="channel"))


def account(control: ControlClient, phone: str, friends: list[int], news: int, *, dc: int = 1) -> Account:
    """An account at data centre ``dc`` with all its chats; each friend has said hello."""
    call = control.call
    me = call("world.create_account", phone=phone, first_name=f"Support {phone[-2:]}", home_dc=dc)
    group = call("world.create_group", creator=friends[0], title="Team", users=[me, friends[1]])
    call("world.add_user", chat=news, user_id=me)
    board = call("world.create_channel", creator=me, title="Board", kind="channel")
    for friend in friends:
        call("world.send", from_user=friend, peer=me, text="hello")
    return Account(phone, me, friends, group, news, board, home=dc)
