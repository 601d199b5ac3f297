"""locks/ fits requirements.txt and requirements-dev.txt: the remedy for whatever fails here is bin/lock."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from itertools import product

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from tests.kit.running import ROOT

pytestmark = pytest.mark.source

LOCKS = {"run": ("requirements.txt",), "test": ("requirements.txt", "requirements-dev.txt")}
"""Lock -> the requirement files that it comes from."""
SYSTEMS = (("linux", "Linux", "x86_64"), ("linux", "Linux", "aarch64"), ("darwin", "Darwin", "arm64"))
PYTHONS = ("3.11.2", "3.11.9", "3.12.9", "3.13.9")
"""3.11.2 is Debian 12's: some packages need a backport up to it."""
ENVIRONMENTS = [
    {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "implementation_version": python,
        "sys_platform": platform,
        "platform_system": system,
        "platform_machine": machine,
        "os_name": "posix",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "extra": "",
    }
    for python, (platform, system, machine) in product(PYTHONS, SYSTEMS)
]


@dataclass(frozen=True)
class Entry:
    """One package of a lock: what it says, its hashes, and the names in its `# via` comment."""

    requirement: Requirement
    hashes: tuple[str, ...]
    because_of: tuple[str, ...]

    @property
    def version(self) -> str:
        (only,) = self.requirement.specifier
        assert only.operator == "=="
        return only.version


def lock(name: str) -> dict[NormalizedName, Entry]:
    """Entries by package; the format is pip's, one package after another."""
    text = (ROOT / "locks" / f"{name}.txt").read_text()
    found = {}
    for block in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        said, _, rest = block.partition(" \\\n")
        requirement = Requirement(said)
        because_of = re.findall(r"^    # +(?:via +)?(\S.*)$", rest, re.MULTILINE)
        hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", rest)
        found[canonicalize_name(requirement.name)] = Entry(requirement, tuple(hashes), tuple(because_of))
    return found


def requirements(file: str) -> Iterator[Requirement]:
    for line in (ROOT / file).read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text and not text.startswith("-"):
            yield Requirement(text)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_what_the_files_ask_for(name: str) -> None:
    locked = lock(name)
    for file in LOCKS[name]:
        wanted = {canonicalize_name(requirement.name): requirement for requirement in requirements(file)}
        for package, requirement in wanted.items():
            assert package in locked, f"{requirement} of {file} is not in locks/{name}.txt: run bin/lock"
            entry = locked[package]
            assert requirement.specifier.contains(entry.version), f"{requirement}, but {entry.version}: run bin/lock"
            assert requirement.extras <= entry.requirement.extras, f"{requirement}: run bin/lock"
        because = {package for package, entry in locked.items() if f"-r {file}" in entry.because_of}
        assert because == set(wanted), f"locks/{name}.txt has what {file} no longer asks for: run bin/lock"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_complete_for_every_python_and_system(name: str) -> None:
    """What the packages themselves say that they need (those that are installed here) is in the lock, and fits."""
    locked = lock(name)
    looked_at = 0
    for package, entry in locked.items():
        try:
            distribution = metadata.distribution(package)
        except metadata.PackageNotFoundError:
            continue  # of another system
        if distribution.version != entry.version:
            continue  # the environment is behind
        looked_at += 1
        needs = [Requirement(text) for text in distribution.requires or ()]
        for environment, need in product(ENVIRONMENTS, needs):
            if _applies(entry.requirement, environment) and _wanted(need, environment, entry.requirement.extras):
                known = locked.get(canonicalize_name(need.name))
                assert known is not None, f"{package} needs {need}"
                assert need.specifier.contains(known.version, prereleases=True), f"{package} needs {need}"
                assert _applies(known.requirement, environment), f"{package} needs {need} with {environment}"
    assert looked_at > len(locked) / 2


def _applies(requirement: Requirement, environment: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(environment)


def _wanted(need: Requirement, environment: dict[str, str], extras: set[str]) -> bool:
    return any(_applies(need, {**environment, "extra": extra}) for extra in ("", *extras))


def test_both_locks_agree() -> None:
    run, test = lock("run"), lock("test")
    assert run.keys() <= test.keys()
    assert {name: run[name].version for name in run} == {name: test[name].version for name in run}


@pytest.mark.parametrize("name", [*LOCKS, "uv"])
def test_every_package_has_hashes_and_no_lock_names_a_registry(name: str) -> None:
    locked = lock(name)
    assert locked
    assert [package for package, entry in locked.items() if not entry.hashes] == []
    assert "://" not in (ROOT / "locks" / f"{name}.txt").read_text()


def test_the_locks_begin_at_the_oldest_python() -> None:
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    assert f"--python-version {oldest} " in (ROOT / "bin/lock").read_text()
