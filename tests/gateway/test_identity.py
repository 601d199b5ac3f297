"""Proof that a process of this host is dead, and when there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.kit.waiting import eventually
from tgadmin.gateway.ownership import identity


def test_a_living_process_is_not_dead_and_a_killed_one_is() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        started = identity._started(child.pid)
        assert started is not None
        assert not identity.is_proven_dead(identity.boot(), child.pid, started)
        assert identity.is_proven_dead(identity.boot(), child.pid, started - 1)  # the pid was used again
        child.kill()
        # Not reaped yet: a zombie holds no connection any more.
        eventually(lambda: identity.is_proven_dead(identity.boot(), child.pid, started))
    finally:
        child.kill()
        child.communicate()
    assert identity.is_proven_dead(identity.boot(), child.pid, started)


def test_nothing_is_proven_about_other_machines() -> None:
    me = identity.this_process("")
    assert not identity.is_proven_dead("", me.pid, me.pid_started + 1)
    assert not identity.is_proven_dead("another-boot/4026531836", me.pid, me.pid_started + 1)
    assert me.name == me.host


def test_a_system_without_proc_proves_nothing(tmp_path: Path) -> None:
    assert identity.boot(tmp_path) == ""
