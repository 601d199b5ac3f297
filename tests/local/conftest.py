"""A DATA_DIR of its own for each test, where the servers' user can go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.running import temporary_base
from tgadmin.local.paths import DataDir
from tgadmin.local.postgres import Postgres
from tgadmin.local.valkey import Valkey


@pytest.fixture
def base() -> Iterator[Path]:
    with temporary_base() as folder:
        yield folder


@pytest.fixture
def data(base: Path) -> DataDir:
    data = DataDir.at(base / "var")
    data.prepare()
    return data


@pytest.fixture
def postgres(data: DataDir) -> Iterator[Postgres]:
    server = Postgres(data, durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(data: DataDir) -> Iterator[Valkey]:
    server = Valkey(data)
    server.start()
    yield server
    server.stop()
