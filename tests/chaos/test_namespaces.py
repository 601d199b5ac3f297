"""Gateways as hosts of their own, the links between them and PostgreSQL cut, slow, lossy: never two owners, everything
stored in the end, nothing sent past the lease. Skipped where the machine gives no network namespaces."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.chaos import namespaces
from tests.chaos.namespaces import Link, Namespace
from tests.kit.running import ROOT

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.timeout(420),
    pytest.mark.skipif(bool(namespaces.missing()), reason=f"no hosts: {namespaces.missing()}"),
]

HERE, THERE = "127.0.0.1", "127.0.1.11"
SERVE = f"""
import socket
with socket.create_server(("{HERE}", 5000)) as server:
    print(flush=True)
    while True:
        taken, (address, _) = server.accept()
        with taken:
            taken.sendall(address.encode() + bytes(300_000))
"""
FETCH = f"""
import socket, sys
with socket.create_connection(("{HERE}", 5000), float(sys.argv[1])) as taken:
    parts = []
    while part := taken.recv(65536):
        parts.append(part)
    sys.stdout.write(f"{{b''.join(parts)[:10].decode()}} {{sum(map(len, parts))}}")
"""


class Pair:
    """Two hosts with a link, and a server on the first."""

    def __init__(self, one: Namespace, other: Namespace) -> None:
        self.link = Link(one, other, ("ours", "theirs"), seed=1)
        one.run(f"ip addr add {HERE}/32 dev lo; ip route add {THERE}/32 dev ours src {HERE}")
        other.run(f"ip addr add {THERE}/32 dev theirs; ip route add {HERE}/32 dev theirs src {THERE}")
        self._other = other
        self.server = subprocess.Popen(one.entering([sys.executable, "-c", SERVE]), stdout=subprocess.PIPE)
        assert self.server.stdout is not None
        assert self.server.stdout.readline() == b"\n"

    def fetch(self, seconds: float) -> str:
        """What the second host gets from the first; empty if nothing came for so long."""
        command = self._other.entering([sys.executable, "-c", FETCH, str(seconds)])
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def close(self) -> None:
        self.server.kill()
        self.server.wait()
        assert self.server.stdout is not None
        self.server.stdout.close()
        self.link.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    with namespaces.namespaces(2) as (one, other):
        made = Pair(one, other)
        yield made
        made.close()


def test_a_link_does_what_it_is_told(pair: Pair) -> None:
    everything = f"{THERE} {300_000 + len(THERE)}"
    assert pair.fetch(20) == everything
    # Of every three sendings one would be lost with 0.2: now and then TCP waits for a minute then.
    assert pair.link.tell(loss=0.1, delay=0.01) == {"dropped": 0, "delayed": 0}
    assert pair.fetch(60) == everything
    lossy = pair.link.tell(left={"cut": True})
    assert min(lossy.values()) > 0
    assert pair.fetch(0.5) == ""
    deaf = pair.link.tell()
    assert deaf["dropped"] > lossy["dropped"]
    assert pair.fetch(20) == everything


def test_nothing_is_left_of_a_host() -> None:
    before = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True).stdout
    with namespaces.namespaces(2) as (one, other):
        pair = Pair(one, other)
        pair.close()
    assert subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True).stdout == before
    with pytest.raises(ProcessLookupError):
        one.run("true")


def chaos(*options: str) -> None:
    """A run of `python -m tests.chaos hosts`; it says what was wrong."""
    command = [sys.executable, "-m", "tests.chaos", "hosts", "--seed", "20261126", *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{ended.stdout[-6000:]}\n{ended.stderr[-3000:]}"


def test_a_gateway_that_is_cut_off_from_the_database_and_one_with_a_lossy_link() -> None:
    kinds = ("--only", "link_cut", "link_lossy")
    chaos("--minutes", "0.1", "--sessions", "2", "--gateways", "2", "--incoming", "200", "--outgoing", "40", *kinds)


@pytest.mark.long
def test_every_trouble_of_links() -> None:
    chaos("--minutes", "3")
