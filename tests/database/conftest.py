"""What these tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database.kit import PATIENT, Stage, running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stage")


@pytest.fixture(scope="module")
def stage(folder: Path, django_db_setup: None) -> Iterator[Stage]:
    """One process for a module's tests, which leave it as it was: that is what they are about."""
    with running(Stage, folder, **PATIENT) as started:
        yield started
