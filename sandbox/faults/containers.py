"""What faults do to the containers of updates that are on their way to an account: lost, repeated, swapped, held up,
unreadable.

The world and its logs are not touched: getDifference tells what did not come, or came wrong.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal

Container = tuple[int, int | None, bytes, int | None]  # user id, key id (None: all), body, session to leave out
Trouble = Literal["lose", "repeat", "swap", "hold", "garble", "none"]
DISORDER: tuple[Trouble, ...] = ("none", "hold", "repeat", "swap", "lose")
"""What a disorder is mixed of, each as often as the others."""

UNKNOWN = (0x0BADF00D).to_bytes(4, "little")
"""A constructor that no layer has."""


class ContainerFaults:
    """``again`` hands a container back that was kept, ``later`` does something in a second."""

    def __init__(self, again: Callable[[Container], None], later: Callable[[Callable[[], None]], None]) -> None:
        self._again = again
        self._later = later
        self._troubles: dict[int, list[Trouble]] = {}
        self._kept: dict[int, Container] = {}
        self._free: list[Container] = []  # came back, and pass now
        self.struck: dict[str, int] = {}  # how many containers met each trouble

    def trouble(self, what: Trouble, user: int, times: int) -> None:
        """The account's next ``times`` containers meet this, after what was told before."""
        self._troubles.setdefault(user, []).extend([what] * times)

    def disorder(self, user: int, times: int, seed: int) -> None:
        """The account's next ``times`` containers meet a mixture of what can happen to them, the same for a seed."""
        mixed = list(DISORDER) * (times // len(DISORDER) + 1)
        random.Random(seed).shuffle(mixed)
        self._troubles.setdefault(user, []).extend(mixed[:times])

    def clear(self) -> None:
        """No more trouble; what was kept goes out."""
        self._troubles.clear()
        for user in list(self._kept):
            self._release(user)

    def altered(self, container: Container) -> list[Container]:
        """What leaves now in the place of this one."""
        if container in self._free:
            self._free.remove(container)
            return [container]
        user = container[0]
        if (before := self._kept.pop(user, None)) is not None:
            return [container, before]
        troubles = self._troubles.get(user)
        if not troubles:
            return [container]
        what = troubles.pop(0)
        if what == "none":
            return [container]
        self.struck[what] = self.struck.get(what, 0) + 1
        if what == "lose":
            return []
        if what == "repeat":
            return [container, container]
        if what == "hold":  # whatever overtakes it, a difference that has it too
            self._later(lambda: self._later(lambda: self._hand_back(container)))
            return []
        if what == "garble":
            return [(user, container[1], UNKNOWN + container[2][4:], container[3])]
        self._kept[user] = container
        self._later(lambda: self._release(user, container))
        return []

    def _release(self, user: int, container: Container | None = None) -> None:
        """Nothing has overtaken it: it leaves late."""
        if container is None or self._kept.get(user) is container:
            self._hand_back(self._kept.pop(user))

    def _hand_back(self, kept: Container) -> None:
        self._free.append(kept)
        self._again(kept)
