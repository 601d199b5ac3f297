"""Places of live sockets: what the database says."""

from uuid import UUID, uuid4

import pytest
from django.db import connection
from pytest_django import Settings

from apps.chats.models.live import LiveProcess, LiveSocket
from apps.chats.services import connection_limits
from apps.chats.services.connection_limits import Reason, Refusal, SocketSlot

pytestmark = pytest.mark.django_db

HERE, THERE = uuid4(), uuid4()


@pytest.fixture(autouse=True)
def limits(settings: Settings) -> None:
    settings.LIVE_SOCKETS_PER_USER, settings.LIVE_SOCKETS, settings.LIVE_SOCKETS_PER_MINUTE = 3, 5, 100


def place(user_id: int = 1, page: UUID | None = None) -> SocketSlot:
    return SocketSlot(uuid4(), user_id, page)


def take(process: UUID, user_id: int = 1, page: UUID | None = None) -> SocketSlot:
    wanted = place(user_id, page)
    assert connection_limits.take(process, wanted) is None
    return wanted


def age(table: str, column: str, seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = {column} - make_interval(secs => %s)", [seconds])


def test_three_a_user_over_processes() -> None:
    taken = [take(HERE), take(HERE), take(THERE)]
    assert connection_limits.take(THERE, place()) == Refusal(Reason.USER, 3, 3)
    assert LiveSocket.objects.count() == 3
    connection_limits.give_back([taken[0].id])
    take(THERE)


def test_five_in_all() -> None:
    for user_id in range(5):
        take((HERE, THERE)[user_id % 2], user_id)
    assert connection_limits.take(HERE, place(9)) == Refusal(Reason.EVERYONE, 5, 10)


def test_so_many_within_a_minute(settings: Settings) -> None:
    settings.LIVE_SOCKETS_PER_MINUTE = 4
    for _ in range(4):
        connection_limits.give_back([take(HERE).id])
        age("live_sockets", "opened_at", 5)
    refusal = connection_limits.take(HERE, place())
    assert refusal is not None
    assert (refusal.code, refusal.limit) == (Reason.MINUTE, 4)
    assert 39 <= refusal.seconds <= 40
    take(HERE, 2)
    age("live_sockets", "opened_at", refusal.seconds)
    take(HERE)


def test_a_process_without_a_beat_has_no_places() -> None:
    for _ in range(3):
        take(HERE)
    age("live_processes", "beat", connection_limits.STALE + 1)
    take(THERE)
    connection_limits.heartbeat(HERE, [])  # it was only slow: its own count again
    assert connection_limits.take(THERE, place()) == Refusal(Reason.USER, 3, 3)


def test_a_page_takes_the_place_of_its_former_socket() -> None:
    page = uuid4()
    former = take(HERE, 1, page)
    others = [take(HERE, 2, page), take(HERE, 1, uuid4())]
    newer = take(THERE, 1, page)
    assert connection_limits.heartbeat(HERE, [former, *others]) == {one.id for one in others}
    assert connection_limits.heartbeat(THERE, [newer]) == {newer.id}


def test_a_beat_tells_what_the_process_does_not_know_of() -> None:
    known, ghost = take(HERE), take(HERE)
    assert connection_limits.heartbeat(HERE, [known]) == {known.id, ghost.id}


def test_a_beat_after_a_restored_database_writes_again() -> None:
    kept = [take(HERE), take(HERE, 2, uuid4())]
    LiveSocket.objects.all().delete()
    LiveProcess.objects.all().delete()
    assert connection_limits.heartbeat(HERE, kept) == {one.id for one in kept}
    assert connection_limits.take(HERE, place()) is None
    assert connection_limits.take(HERE, place()) is None
    assert connection_limits.take(HERE, place()) == Refusal(Reason.USER, 3, 3)


def test_rows_go_a_minute_after_their_end() -> None:
    connection_limits.give_back([take(HERE).id])
    dead = take(THERE)
    age("live_sockets", "opened_at", 61)
    age("live_sockets", "closed_at", 61)
    age("live_processes", "beat", 61)
    alive = take(HERE)
    connection_limits.heartbeat(HERE, [alive])
    assert list(LiveSocket.objects.values_list("id", flat=True)) == [alive.id]
    assert not LiveSocket.objects.filter(id=dead.id).exists()
    assert list(LiveProcess.objects.values_list("id", flat=True)) == [HERE]
