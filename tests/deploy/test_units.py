"""deploy/systemd: the Procfile's processes, hardened, each with the keys that it needs and no others."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.running import ROOT
from tgadmin.local.procfile import read_procfile

pytestmark = pytest.mark.source

FOLDER = ROOT / "deploy" / "systemd"
PYTHON = "/opt/tgadmin/.venv/bin/python"
PROCESSES = ("web", "gateway", "worker")
SERVICES = ("prepare", *PROCESSES)
KEYS = "/etc/tgadmin/keys.env"
HARDENING = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "CapabilityBoundingSet": "",
    "SystemCallFilter": "@system-service",
    "UMask": "0077",
}


def unit(name: str) -> str:
    return (FOLDER / f"tgadmin-{name}.service").read_text()


def values(text: str, key: str) -> list[str]:
    """All values of a key; units may name one several times."""
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


@pytest.mark.parametrize("name", PROCESSES)
def test_it_starts_what_the_procfile_starts(name: str) -> None:
    text = unit(name)
    environment = dict(pair.split("=", 1) for line in values(text, "Environment") for pair in line.split())
    (command,) = values(text, "ExecStart")
    found = re.sub(r"\$\{(\w+)\}", lambda match: environment[match[1]], command).split()
    named = read_procfile(ROOT / "Procfile", {})[name]
    assert found[0] == PYTHON
    assert found[1:] == named[1:]
    assert environment["TGADMIN_PROCESS"] == name


def test_every_process_has_a_unit_that_the_target_wants() -> None:
    assert set(read_procfile(ROOT / "Procfile", {})) == set(PROCESSES)
    (wanted,) = values((FOLDER / "tgadmin.target").read_text(), "Wants")
    assert set(wanted.split()) == {f"tgadmin-{name}.service" for name in PROCESSES}
    for name in SERVICES:
        assert values(unit(name), "PartOf") == ["tgadmin.target"]


@pytest.mark.parametrize("name", PROCESSES)
def test_it_is_prepared_first_and_started_again(name: str) -> None:
    text = unit(name)
    assert values(text, "Wants") == ["tgadmin-prepare.service"]
    assert "tgadmin-prepare.service" in values(text, "After")[0].split()
    assert (values(text, "Restart"), values(text, "StartLimitIntervalSec")) == (["always"], ["0"])


@pytest.mark.parametrize("name", SERVICES)
def test_it_is_confined(name: str) -> None:
    text = unit(name)
    assert {key: values(text, key) for key in HARDENING} == {key: [value] for key, value in HARDENING.items()}


def test_the_worker_is_somebody_else_and_has_no_keys() -> None:
    users = {name: values(unit(name), "User")[0] for name in SERVICES}
    assert users == {"prepare": "tgadmin", "web": "tgadmin", "gateway": "tgadmin", "worker": "tgadmin-worker"}
    made = (FOLDER / "sysusers.conf").read_text()
    assert {line.split()[1] for line in made.splitlines() if line.startswith("u ")} == set(users.values())
    for name in SERVICES:
        assert (KEYS in values(unit(name), "EnvironmentFile")) is (name != "worker")
    assert "SESSION_ENCRYPTION_KEYS" not in (ROOT / "deploy" / "tgadmin.env.example").read_text()


@pytest.mark.parametrize("name", ["tgadmin.env", "keys.env", "first.env"])
def test_the_examples_name_variables_that_are_documented(name: str) -> None:
    docs = (ROOT / "docs" / "configuration.md").read_text()
    text = (ROOT / "deploy" / f"{name}.example").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    names = [line.split("=", 1)[0].replace("DJANGO_SUPERUSER_PASSWORD", "_PASSWORD") for line in lines]
    assert names
    assert [one for one in names if f"`{one}`" not in docs] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    for path in FOLDER.glob("tgadmin*"):
        text = path.read_text().replace(PYTHON, sys.executable)
        (tmp_path / path.name).write_text(text.replace("/opt/tgadmin", str(ROOT)))
    units = sorted(str(path) for path in tmp_path.iterdir())
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "tgadmin" in line]
    assert (done.returncode, ours) == (0, [])
