"""Hosts as network namespaces, joined by links of our own. Needs root and iproute2; nothing outlives the processes.

A namespace lives as long as the process that holds it, its interfaces as long as the namespace: whoever is killed, the
kernel clears up. All addresses are loopback ones: within these namespaces (and only there) 127.0.0.1 is one host's, and
other addresses of 127.0.0.0/8 are other hosts'. So the servers listen where they always do.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.kit.running import ROOT

PROGRAMS = ("ip", "unshare", "nsenter")
# 127.0.0.0/8 is not all this host's own, and may go over a link.
OURS_ALONE = """
set -e
echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet
ip link set lo up
ip addr del 127.0.0.1/8 dev lo
"""
TRIAL = OURS_ALONE + "ip link add trial0 type veth peer name trial1\nip addr add 127.0.0.9/32 dev trial0\n"


@functools.cache
def missing() -> str:
    """Why this machine cannot do it; empty if it can."""
    if not sys.platform.startswith("linux"):
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if lacking := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"{', '.join(lacking)} missing (Debian: apt-get install iproute2 util-linux)"
    ended = subprocess.run(["unshare", "--net", "sh", "-c", TRIAL], capture_output=True, text=True, check=False)
    said = ended.stderr.strip() or "no reason given"
    return "" if ended.returncode == 0 else f"no rights to make network namespaces: {said.splitlines()[-1]}"


class Namespace:
    """A network namespace, gone after `close` or with this process. ``None`` as its holder: the one that we are in."""

    def __init__(self, holder: subprocess.Popen[bytes] | None) -> None:
        self._holder = holder

    @classmethod
    def new(cls) -> Namespace:
        holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        made = cls(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"\n", "no namespace was made"
        return made

    @property
    def pid(self) -> int:
        if self._holder is None:
            return os.getpid()
        if self._holder.poll() is not None:
            raise ProcessLookupError("the namespace is gone")
        return self._holder.pid

    def entering(self, command: Sequence[str]) -> list[str]:
        """The command that runs this one inside."""
        return [str(shutil.which("nsenter")), f"--net=/proc/{self.pid}/ns/net", "--", *command]

    def run(self, script: str) -> None:
        """A shell script inside, to its end."""
        subprocess.run(self.entering(["sh", "-ec", script]), check=True)

    def own_loopback(self) -> None:
        """Begin: no address yet, 127.0.0.0/8 may be other hosts'."""
        self.run(OURS_ALONE)

    def close(self) -> None:
        if self._holder is not None and self._holder.stdin is not None:
            self._holder.stdin.close()
            self._holder.wait(10)


def join(one: Namespace, other: Namespace, names: tuple[str, str]) -> None:
    """A pair of interfaces, one in each, up and without addresses."""
    first, second = names
    one.run(f"ip link add {first} type veth peer name {second} netns {other.pid}\nip link set {first} up")
    other.run(f"ip link set {second} up")


class Link:
    """Two namespaces joined by a cable (cable.py) in a third. ``names`` are the interfaces in the two."""

    def __init__(self, one: Namespace, other: Namespace, names: tuple[str, str], seed: int) -> None:
        self._between = Namespace.new()
        self._between.run("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 || true")  # it says nothing of its own
        join(one, self._between, (names[0], "left"))
        join(other, self._between, (names[1], "right"))
        command = [sys.executable, "-m", "tests.chaos.cable", "left", "right", str(seed)]
        self._cable = subprocess.Popen(
            self._between.entering(command), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.tell()

    def tell(self, **told: Any) -> dict[str, int]:
        """What the cable does from now on, as cable.py has it (nothing told: it is sound); its counts so far."""
        assert self._cable.stdin is not None
        assert self._cable.stdout is not None
        self._cable.stdin.write(json.dumps(told) + "\n")
        self._cable.stdin.flush()
        counts: dict[str, int] = json.loads(self._cable.stdout.readline())
        return counts

    def close(self) -> None:
        with contextlib.suppress(OSError):
            assert self._cable.stdin is not None
            self._cable.stdin.close()
        self._cable.wait(10)
        self._between.close()


def interpreter_in(namespace: Namespace, place: Path) -> str:
    """A program at ``place`` that runs this Python there: what starts it need not know."""
    command = " ".join(f"'{word}'" for word in namespace.entering([sys.executable]))
    place.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    place.chmod(0o755)
    return str(place)


@contextlib.contextmanager
def namespaces(count: int) -> Iterator[list[Namespace]]:
    """So many new ones, closed at the end."""
    made: list[Namespace] = []
    try:
        for _ in range(count):
            made.append(Namespace.new())
            made[-1].own_loopback()
        yield made
    finally:
        for one in made:
            one.close()
