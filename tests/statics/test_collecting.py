"""Static files are collected when they have to be, once, and whoever cannot do it says why."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client, RequestFactory
from pytest_django import Settings

from tests.kit.running import ROOT
from tgadmin.statics import collecting
from tgadmin.statics.collecting import NotCollected, collect
from tgadmin.statics.serving import StaticFiles


@pytest.fixture
def source(settings: Settings, tmp_path: Path) -> Path:
    """The only folder of static files, collected into one of its own."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "page.js").write_text("one")
    settings.STATICFILES_DIRS = [folder]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = str(tmp_path / "made")  # which gives Django a new storage
    return folder


def test_it_is_done_once_and_again_after_a_change(source: Path, tmp_path: Path) -> None:
    assert collect() is True
    first = staticfiles_storage.url("page.js")
    assert (tmp_path / "made" / Path(first).name).read_text() == "one"
    assert collect() is False
    (source / "page.js").write_text("two")
    assert collect() is True
    assert staticfiles_storage.url("page.js") != first
    os.utime(source / "page.js")
    assert collect() is False, "what counts is the content"


def test_what_another_process_has_made_is_known_here(source: Path, tmp_path: Path) -> None:
    storage: Any = staticfiles_storage
    assert storage.hashed_files == {}, "what this process read before there was anything"
    program = (
        "import django; from django.conf import settings; django.setup()\n"
        f"settings.STATICFILES_DIRS = [{str(source)!r}]\n"
        "settings.STATICFILES_FINDERS = ['django.contrib.staticfiles.finders.FileSystemFinder']\n"
        "from tgadmin.statics.collecting import collect\n"
        "collect()"
    )
    env = {**os.environ, "STATIC_DIR": str(tmp_path / "made")}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=env, check=True)
    assert collect() is True
    assert "page." in staticfiles_storage.url("page.js")
    assert collect() is False


def test_what_was_deleted_is_made_again(source: Path, tmp_path: Path) -> None:
    collect()
    for path in (tmp_path / "made").glob("*"):  # as a shell's star has it: without what begins with a dot
        path.unlink()
    assert collect() is True
    assert (tmp_path / "made" / Path(staticfiles_storage.url("page.js")).name).exists()


def test_of_several_at_once_one_does_it(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    whole = collecting.call_command

    def counting(*args: object, **options: object) -> object:
        done.append(1)
        return whole(*args, **options)

    monkeypatch.setattr(collecting, "call_command", counting)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: collect(), range(4)))
    assert done == [1]


def test_a_folder_that_cannot_be_written_is_named(source: Path, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings.STATIC_ROOT = str(tmp_path / "file" / "made")
    with pytest.raises(NotCollected, match=r"cannot be written to .*made: .*STATIC_DIR"):
        collect()


def test_a_failed_collection_is_tried_again(source: Path) -> None:
    (source / "page.css").write_text("a{background:url(missing.png)}")
    for _ in range(2):
        with pytest.raises(Exception, match=r"missing\.png"):
            collect()
    (source / "missing.png").write_bytes(b"there")
    assert collect() is True


@pytest.mark.django_db  # the end of a response closes connections
def test_with_debug_the_next_page_has_what_was_saved(source: Path, settings: Settings) -> None:
    collect()
    settings.DEBUG = True
    page = Template("{% load static %}{% static 'page.js' %}")
    served = StaticFiles(lambda request: page.render(Context()))  # type: ignore[arg-type,return-value]
    first = served(_request("/somewhere/"))
    (source / "page.js").write_text("and now longer")
    second = served(_request("/somewhere/"))
    assert first != second
    answer = served(_request(str(second)))
    assert answer.getvalue() == b"and now longer"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    answer.close()


def _request(path: str) -> HttpRequest:
    return RequestFactory().get(path)


@pytest.mark.django_db
def test_pages_have_hashed_addresses_with_debug_too(client: Client, settings: Settings) -> None:
    settings.DEBUG = True
    page = client.get("/admin/login/").content.decode()
    assert staticfiles_storage.url("admin/tgadmin.css") in page
    assert "admin/tgadmin.css" not in page


def test_the_command_fails_for_a_missing_file(tmp_path: Path) -> None:
    """As a deployment would see it: the product's own files, one of which another one names and which is gone."""
    broken = tmp_path / "static"
    broken.mkdir()
    (broken / "page.css").write_text("a{background:url(missing.png)}")
    program = (
        "import django; from django.conf import settings; django.setup()\n"
        f"settings.STATICFILES_DIRS.append({str(broken)!r})\n"
        "from django.core.management import execute_from_command_line as run\n"
        "run(['manage.py', 'collectstatic', '--noinput'])"
    )
    env = {**os.environ, "STATIC_DIR": str(tmp_path / "made"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "missing.png" in done.stdout + done.stderr
