"""The cluster as several hosts: each gateway in a network namespace of its own, with a link to the host of everything
else for PostgreSQL and Valkey, and another for Telegram. Only the first one can be harmed (`Hosts.link`).

Runs inside a namespace that is already its own (`python -m tests.chaos hosts` begins so).
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.chaos.cluster import Cluster, address
from tests.chaos.namespaces import Link, Namespace, interpreter_in, join
from tgadmin.local.ports import LOOPBACK

TELEGRAM = "127.0.0.2"
DATABASE_SIDE = "127.0.1."
"""Where gateways come from on their links to the database: this and the last byte of `address`."""


class Hosts(Cluster):
    """As Cluster; ``links`` are the gateways' links to PostgreSQL and Valkey, by the gateway's name."""

    telegram = TELEGRAM

    def __init__(self, base: Path, gateways: int, seed: int) -> None:
        super().__init__(base, gateways, seed)
        self.links: dict[str, Link] = {}
        self._hosts: list[Namespace] = []
        self._pythons: dict[str, str] = {}
        self._base = base

    def start(self) -> None:
        here = Namespace(None)
        here.own_loopback()
        here.run(f"ip addr add {LOOPBACK}/32 dev lo; ip addr add {TELEGRAM}/32 dev lo")
        for number, name in enumerate(self.gateways):
            self._add_host(here, number, name)
        super().start()

    def stop(self) -> None:
        super().stop()
        for link in self.links.values():
            link.close()
        for host in self._hosts:
            host.close()

    def _add_host(self, here: Namespace, number: int, name: str) -> None:
        host = Namespace.new()
        self._hosts.append(host)
        host.own_loopback()
        self.links[name] = Link(here, host, (f"base{number}", "base"), self._seed + number)
        join(here, host, (f"telegram{number}", "telegram"))
        to_telegram = address(number)
        to_base = DATABASE_SIDE + to_telegram.rpartition(".")[2]
        host.run(
            f"ip addr add {to_base}/32 dev base; ip route add {LOOPBACK}/32 dev base src {to_base}\n"
            f"ip addr add {to_telegram}/32 dev telegram; ip route add {TELEGRAM}/32 dev telegram src {to_telegram}"
        )
        here.run(
            f"ip route add {to_base}/32 dev base{number} src {LOOPBACK}\n"
            f"ip route add {to_telegram}/32 dev telegram{number} src {TELEGRAM}"
        )
        self._pythons[name] = interpreter_in(host, self._base / name)

    def _python(self, name: str) -> str:
        return self._pythons.get(name) or super()._python(name)

    def _servers_are_ready(self) -> None:
        """PostgreSQL lets the other hosts in as well, with the same password."""
        cluster, pid = self._postgres.place.cluster, self._postgres.pid
        assert pid is not None
        with (cluster / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {DATABASE_SIDE}0/24 scram-sha-256\n")
        os.kill(pid, signal.SIGHUP)
