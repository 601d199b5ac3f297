"""Static files that change under a running server."""

from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from tgadmin.statics import StaticFiles

pytestmark = pytest.mark.django_db  # the end of a response closes connections


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> StaticFiles:
    settings.STATICFILES_DIRS = [tmp_path]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    (tmp_path / "page.js").write_text("one")
    return StaticFiles(lambda request: HttpResponse(status=404))


def get(served: StaticFiles) -> tuple[int, str, bytes]:
    response = served(RequestFactory().get("/static/page.js"))
    body = response.getvalue()
    response.close()
    return response.status_code, response.get("Content-Length", ""), body


def test_a_changed_file_comes_whole(served: StaticFiles, tmp_path: Path) -> None:
    assert get(served) == (200, "3", b"one")
    (tmp_path / "page.js").write_text("and now much longer")
    assert get(served) == (200, "19", b"and now much longer")
    (tmp_path / "page.js").write_text("")
    assert get(served) == (200, "0", b"")


def test_a_file_that_is_gone_is_not_found(served: StaticFiles, tmp_path: Path) -> None:
    (tmp_path / "page.js").unlink()
    assert get(served)[0] == 404
    (tmp_path / "page.js").write_text("back")
    assert get(served)[0] == 404  # a new file needs a new start, as it did before
