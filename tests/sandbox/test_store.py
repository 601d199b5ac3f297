"""The store: what was committed is there after a kill, what was not is not half there."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.store import Store, StoreInUseError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "state" / "world.sqlite")


@given(value=st.dictionaries(st.text(), JSON, max_size=5) | st.binary())
def test_gives_back_what_was_put(value: dict[str, object] | bytes) -> None:
    store = Store(None)
    store.put("kind", 7, value)
    assert list(store.load("kind")) == [("7", value)]
    store.close()


def test_lone_surrogates_of_hostile_texts_survive() -> None:
    store = Store(None)
    store.put("kind", "a", {"text": "\ud800 x"})
    assert list(store.load("kind")) == [("a", {"text": "\ud800 x"})]
    store.close()


def test_in_the_order_of_the_first_put(path: str) -> None:
    store = Store(path)
    for key in (3, 1, 2, 1):
        store.put("kind", key, {"n": key})
        store.commit()
    assert [key for key, _ in store.load("kind")] == ["3", "1", "2"]
    store.close()


def test_a_later_change_of_the_dict_needs_another_put() -> None:
    store = Store(None)
    value = {"n": 1}
    store.put("kind", 1, value)
    value["n"] = 2
    assert list(store.load("kind")) == [("1", {"n": 1})]
    store.close()


def test_kinds_do_not_meet_and_deleting_needs_nothing_there(path: str) -> None:
    store = Store(path)
    store.put("a", 1, b"a")
    store.put("b", 1, b"b")
    store.delete("a", 1)
    store.delete("a", 2)
    assert not list(store.load("a"))
    assert list(store.load("b")) == [("1", b"b")]
    store.close()


def test_lasts_over_a_close(path: str) -> None:
    store = Store(path)
    store.put("kind", 1, {"n": 1})
    store.close()
    store = Store(path)
    assert list(store.load("kind")) == [("1", {"n": 1})]
    store.close()


def test_nobody_else_may_read_the_file(path: str) -> None:
    """It holds auth keys."""
    store = Store(path)
    store.put("kind", 1, b"secret")
    store.commit()
    for file in Path(path).parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    store.close()


def test_one_owner(path: str) -> None:
    store = Store(path)
    with pytest.raises(StoreInUseError):
        Store(path)
    store.close()
    Store(path).close()


def test_a_kill_keeps_what_was_committed_and_only_that(path: str) -> None:
    code = f"""
import sys
from sandbox.store import Store
store = Store({path!r})
for number in range(50):
    store.put("kind", number, {{"n": number}})
    store.commit()
store.put("kind", "never", b"")
print("ready", flush=True)
sys.stdin.read()
"""
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGKILL)
    store = Store(path)
    assert [key for key, _ in store.load("kind")] == [str(number) for number in range(50)]
    store.close()
