"""The project's version is written once and read everywhere else."""

import tomllib
from itertools import chain

import pytest

from tests.kit.running import ROOT
from tgadmin import __version__
from tgadmin.telegram import Network
from tgadmin.telegram.client.connection import introduction

pytestmark = pytest.mark.pure


def test_only_the_package_says_it() -> None:
    files = [ROOT / "pyproject.toml", *chain.from_iterable((ROOT / part).rglob("*.py") for part in ("tgadmin", "apps"))]
    saying = [file.relative_to(ROOT).as_posix() for file in files if f'"{__version__}"' in file.read_text()]
    assert saying == ["tgadmin/__init__.py"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "tgadmin.__version__"}


def test_telegram_is_told_it() -> None:
    assert introduction(Network(1, "hash"), updates=True).app_version == __version__
