"""A cable between two network interfaces that can be cut, slow or lossy: `python -m tests.chaos.cable LEFT RIGHT SEED`.

Runs in a network namespace of its own and passes Ethernet frames on. Not tc's netem: many kernels are built without it
(those of many small virtual machines), and what it drops no seed decides. A line on standard input says what the cable
does from then on, as JSON with any fields of `Way` for both ways or for one (``{"left": {…}}`` is what comes in at
LEFT); each is answered by a line with how many frames were dropped and delayed so far.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import json
import os
import random
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

EVERY_PROTOCOL = 3  # ETH_P_ALL
SOL_PACKET, PACKET_VNET_HDR = 263, 15
"""With each frame comes the kernel's note of what was left to the network card (checksums, cutting into segments)."""
OUTGOING = 4  # PACKET_OUTGOING: our own frames are seen as well
LARGEST = 70_000
AT_ONCE = 64  # frames of one side before the other is looked at
QUEUE = 1000  # frames on their way in one direction; what comes then is dropped, as a full router does


@dataclass
class Way:
    """One direction. ``delay`` and ``jitter`` are in seconds, ``loss`` is a share of the frames, ``cut`` loses all."""

    cut: bool = False
    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0


@dataclass
class Side:
    """An interface, and how what comes in there fares."""

    socket: socket.socket
    way: Way = field(default_factory=Way)
    queue: list[tuple[float, int, bytes]] = field(default_factory=list)
    last: float = 0.0  # when the frame before leaves: they do not overtake each other


class Cable:
    """Both directions, until standard input ends."""

    def __init__(self, left: str, right: str, seed: int) -> None:
        self._sides = {"left": Side(_raw(left)), "right": Side(_raw(right))}
        self._others = {"left": self._sides["right"], "right": self._sides["left"]}
        self._rng = random.Random(seed)
        self._number = itertools.count()
        self._counts = {"dropped": 0, "delayed": 0}
        self._told = b""
        self._over = False

    def run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for name, side in self._sides.items():
                selector.register(side.socket, selectors.EVENT_READ, lambda name=name: self._take(name))
            os.set_blocking(sys.stdin.fileno(), False)
            selector.register(sys.stdin, selectors.EVENT_READ, self._listen)
            while not self._over:
                for key, _ in selector.select(self._pause()):
                    key.data()
                self._give()

    def _listen(self) -> None:
        data = os.read(sys.stdin.fileno(), 65536)
        self._over = not data
        *lines, self._told = (self._told + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))
            sys.stdout.write(json.dumps(self._counts) + "\n")
            sys.stdout.flush()

    def _obey(self, told: dict[str, Any]) -> None:
        for name, side in self._sides.items():
            if told.keys() <= self._sides.keys():
                side.way = Way(**told.get(name, {}))
            else:
                side.way = Way(**told)

    def _take(self, name: str) -> None:
        side, other = self._sides[name], self._others[name]
        for _ in range(AT_ONCE):
            try:
                frame, address = side.socket.recvfrom(LARGEST)
            except BlockingIOError:
                return
            if address[2] != OUTGOING:
                self._pass_on(side, other, frame)

    def _pass_on(self, side: Side, other: Side, frame: bytes) -> None:
        way = side.way
        if way.cut or self._rng.random() < way.loss or len(side.queue) >= QUEUE:
            self._counts["dropped"] += 1
            return
        seconds = way.delay + way.jitter * self._rng.random()
        if not seconds and not side.queue:
            _send(other, frame)
            return
        self._counts["delayed"] += 1
        side.last = max(side.last, time.monotonic() + seconds)
        heapq.heappush(side.queue, (side.last, next(self._number), frame))

    def _give(self) -> None:
        now = time.monotonic()
        for name, side in self._sides.items():
            while side.queue and side.queue[0][0] <= now:
                _send(self._others[name], heapq.heappop(side.queue)[2])

    def _pause(self) -> float | None:
        due = [side.queue[0][0] for side in self._sides.values() if side.queue]
        return max(0.0, min(due) - time.monotonic()) if due else None


def _raw(interface: str) -> socket.socket:
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_PROTOCOL))
    opened.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    opened.bind((interface, EVERY_PROTOCOL))
    opened.setblocking(False)
    return opened


def _send(side: Side, frame: bytes) -> None:
    with contextlib.suppress(OSError):  # a full buffer, or an end that is gone: the frame is lost, as on any cable
        side.socket.send(frame)


if __name__ == "__main__":
    Cable(sys.argv[1], sys.argv[2], int(sys.argv[3])).run()
