"""Lines to sockets: in order, once, nobody waits for another; what was not sent does not count as sent."""

from __future__ import annotations

import asyncio

import pytest
from autobahn.exception import Disconnected, PayloadExceededError

from apps.chats.live.hub.line import FULL, Line, drain
from tgadmin.core.frames import BOUND

pytestmark = pytest.mark.pure


class End:
    """A socket's other end. It takes frames while ``reads`` is set, and raises ``error`` if there is one."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.error: Exception | None = None
        self.failures = self.drainings = 0
        self.line = Line(self.send, failed=self._failed, drained=self._drained)

    async def send(self, text: str) -> None:
        await self.reads.wait()
        if self.error is not None:
            raise self.error
        self.got.append(text)

    async def _failed(self) -> None:
        self.failures += 1

    def _drained(self) -> None:
        self.drainings += 1


async def test_in_order_and_once() -> None:
    ends = [End() for _ in range(5)]
    for number in range(10):
        for end in ends:
            end.line.put(str(number))
        drain(end.line for end in ends)
        await asyncio.sleep(0)
    await drain(end.line for end in ends)
    assert [end.got for end in ends] == [[str(number) for number in range(10)]] * 5


async def test_one_that_does_not_read_keeps_no_other_waiting() -> None:
    ends = [End() for _ in range(9)]
    slow = ends[::4]
    for end in slow:
        end.reads.clear()
    moved: list[int] = []
    for number, end in enumerate(ends):
        end.line.put("a", lambda number=number: moved.append(number))
    task = drain(end.line for end in ends)
    async with asyncio.timeout(5):
        while len(moved) < 6:  # noqa: ASYNC110 - told by callbacks
            await asyncio.sleep(0)
    assert not task.done()
    assert [end.got for end in slow] == [[]] * 3
    for end in slow:
        end.line.put("b")
        end.reads.set()
    async with asyncio.timeout(5):
        while any(end.got != ["a", "b"] for end in slow):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
    assert sorted(moved) == list(range(9))
    assert all(end.drainings == 1 for end in ends)


async def test_whoever_says_something_waits_until_it_was_sent() -> None:
    end = End()
    end.reads.clear()
    end.line.put("first")
    drain([end.line])
    await asyncio.sleep(0)
    saying = asyncio.create_task(end.line.say("second", "third"))
    await asyncio.sleep(0)
    assert not saying.done()
    end.reads.set()
    await asyncio.wait_for(saying, 5)
    assert end.got == ["first", "second", "third"]
    await end.line.say("fourth")
    assert end.got[-1] == "fourth"


@pytest.mark.parametrize("gone", [OSError(), ConnectionResetError(), Disconnected("closed")])
async def test_a_socket_that_is_gone_ends_its_line(gone: Exception) -> None:
    end, moved = End(), []
    end.error = gone
    end.line.put("a", lambda: moved.append(1))
    await drain([end.line])
    await end.line.say("b")
    assert (end.got, moved, end.failures) == ([], [], 0)


@pytest.mark.parametrize("error", [PayloadExceededError("65536"), RuntimeError(), UnicodeError(), TypeError()])
async def test_what_is_not_a_closed_socket_is_said_and_ends_the_line(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    end, moved = End(), []
    end.error = error
    end.line.put("secret words", lambda: moved.append(1))
    await drain([end.line])
    assert (end.got, moved, end.failures) == ([], [], 1)
    assert type(error).__name__ in caplog.text
    assert "secret words" not in caplog.text


async def test_who_waits_for_a_line_that_ends_goes_on() -> None:
    end = End()
    end.reads.clear()
    end.line.put("a")
    drain([end.line])
    await asyncio.sleep(0)
    saying = asyncio.create_task(end.line.say("b"))
    await asyncio.sleep(0)
    end.line.end()
    await asyncio.wait_for(saying, 5)
    end.line.put("c")
    assert not end.line.is_undrained


async def test_a_line_says_when_it_is_full() -> None:
    end = End()
    for _ in range(FULL):
        assert not end.line.is_full
        end.line.put("x")
    assert end.line.is_full
    await drain([end.line])
    assert not end.line.is_full


async def test_large_frames_go_in_parts_to_who_knows_them() -> None:
    end, old = End(), End()
    old.line.whole = True
    text = "😀" * BOUND
    for one in (end, old):
        await one.line.say(text)
    assert old.got == [text]
    assert len(end.got) > 1
    assert max(len(part.encode()) for part in end.got) <= BOUND
