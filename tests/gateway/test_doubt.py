"""A gateway killed with -9 at each line between the claim of a command and its settling: once, whatever dies.

Where it stands when it dies is brought about from outside, with locks in the database and late answers of the data
centre, and looked at before the kill.
"""

from __future__ import annotations

import contextlib
import subprocess
import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection

from apps.chats.models import Chat, Message
from apps.chats.services import messages
from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command
from apps.commands.services.commands import OPEN
from apps.sessions.models import Session
from tests.gateway.conftest import PHONE
from tests.gateway.test_kill import same_network, start_process
from tests.kit.threads import GatewayThread, SandboxThread, sign_in
from tests.kit.waiting import eventually
from tgadmin.gateway.commands import bus as bus_module
from tgadmin.gateway.commands.claim import Claimed

__all__ = ["same_network", "start_process"]

Start = Callable[[], "subprocess.Popen[bytes]"]


class Scene:
    """A session with one chat, the gateway's process, and what holds it up."""

    def __init__(self, user: User, dc: SandboxThread, start: Start, anna: int) -> None:
        self.user, self.dc, self._start, self.anna = user, dc, start, anna
        self._process = start()
        self.session: Session = sign_in(user, dc, PHONE)
        dc.world("send", anna, self.session.telegram_user_id, "hello")
        self.chat: Chat = eventually(lambda: Chat.objects.filter(session=self.session, peer_id=anna).first())

    def send(self, text: str) -> Message:
        return messages.send(self.user, self.chat, text, cid=uuid.uuid4())

    def there(self) -> list[str]:
        """What Anna sees."""
        return [one["text"] for one in self.dc.world("snapshot", self.anna)[self.session.telegram_user_id]]

    def here(self) -> list[str]:
        rows = Message.objects.filter(chat=self.chat, deleted_at=None).order_by("telegram_id")
        return list(rows.values_list("text", flat=True))

    def asked(self, method: str) -> int:
        return len(self.dc.server.record.uses_of(method))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def go_on(self) -> None:
        self._process = self._start()

    def settled(self) -> bool:
        return not Command.objects.filter(session=self.session, state__in=OPEN).exists()

    def claimed(self) -> bool:
        return Command.objects.filter(session=self.session, state=Command.State.CLAIMED).exists()


@pytest.fixture
def scene(user: User, dc: SandboxThread, start_process: Start, person: Callable[..., int]) -> Scene:
    person("Support", PHONE)
    return Scene(user, dc, start_process, person("Anna"))


@contextlib.contextmanager
def holding(statement: str, *params: object) -> Iterator[None]:
    """A transaction of somebody else's that has run this statement and does not end."""
    with psycopg.connect(**_parameters()) as conn:
        conn.execute(statement, params)
        yield
        conn.rollback()


def _parameters() -> dict[str, object]:
    given = connection.get_connection_params()
    return {key: given[key] for key in ("dbname", "user", "password", "host", "port") if key in given}


def is_held_up(fragment: str) -> bool:
    """Whether a statement of the gateway waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s "
            "AND pid <> pg_backend_pid() AND datname = current_database()",
            [f"%{fragment}%"],
        )
        return bool(cursor.fetchone()[0])


def end_others() -> None:
    """The server's side of a killed process: what waits for a lock must not be committed after all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND pid <> pg_backend_pid() AND datname = current_database()"
        )


SENDS = "messages.sendMessage"


def killed_before_it_asks(scene: Scene, text: str) -> Message:
    before = scene.asked(SENDS)
    with holding("LOCK TABLE telegram_flood_waits IN ACCESS EXCLUSIVE MODE"):
        row = scene.send(text)
        eventually(lambda: scene.claimed() and is_held_up("telegram_flood_waits"))
        assert scene.asked(SENDS) == before
        scene.kill()
        end_others()
    return row


def killed_before_the_answer(scene: Scene, text: str) -> Message:
    scene.dc.faults("late", SENDS, 3600.0)
    row = scene.send(text)
    eventually(lambda: scene.there()[-1] == text)
    assert scene.claimed()
    scene.kill()
    return row


def killed_before_the_answer_is_stored(scene: Scene, text: str) -> Message:
    scene.dc.faults("late", SENDS, 1.0)
    row = scene.send(text)
    eventually(lambda: scene.there()[-1] == text)
    with holding("SELECT 1 FROM telegram_chats WHERE id = %s FOR UPDATE", scene.chat.pk):
        eventually(lambda: is_held_up("telegram_chats"))
        assert Message.objects.get(pk=row.pk).telegram_id is None
        scene.kill()
        end_others()
    return row


def killed_while_it_settles(scene: Scene, text: str) -> Message:
    with settling_held_up():
        row = scene.send(text)
        eventually(lambda: is_held_up("COMMIT"))
        assert scene.there()[-1] == text
        assert scene.claimed()
        scene.kill()
        end_others()
    return row


def killed_after_it_settled(scene: Scene, text: str) -> Message:
    row = scene.send(text)
    eventually(scene.settled)
    scene.kill()
    return row


POINTS = (
    killed_before_it_asks,
    killed_before_the_answer,
    killed_before_the_answer_is_stored,
    killed_while_it_settles,
    killed_after_it_settled,
)


@pytest.mark.parametrize(("mode", "points"), [("first_result", POINTS), ("duplicate_error", POINTS[1:3])])
def test_a_send_is_made_once_wherever_the_gateway_dies(
    scene: Scene, mode: str, points: tuple[Callable[[Scene, str], Message], ...]
) -> None:
    wanted = ["hello"]
    for number, point in enumerate(points):
        scene.dc.faults("set_random_id", mode)
        row = point(scene, f"number {number}")
        behind = scene.send(f"behind {number}")
        scene.dc.faults("clear")
        scene.dc.faults("set_random_id", mode)
        scene.go_on()
        eventually(scene.settled)
        for one in (row, behind):
            one.refresh_from_db()
            assert (one.state, one.error_code) == (Message.State.SENT, ""), point.__name__
        wanted += [row.text, behind.text]
        assert scene.there() == scene.here() == wanted, point.__name__


def test_an_edit_and_a_deletion_are_made_wherever_the_gateway_dies(scene: Scene) -> None:
    row = scene.send("first")
    eventually(scene.settled)
    row.refresh_from_db()
    scene.dc.faults("late", "messages.editMessage", 3600.0)
    messages.edit(scene.user, row, "second")
    eventually(lambda: scene.there() == ["hello", "second"])
    scene.kill()
    scene.dc.faults("clear")
    scene.go_on()
    eventually(scene.settled)
    assert scene.here() == ["hello", "second"]
    scene.dc.faults("late", "messages.deleteMessages", 3600.0)
    messages.delete(scene.user, [row])
    eventually(lambda: scene.there() == ["hello"])
    scene.kill()
    scene.dc.faults("clear")
    scene.go_on()
    eventually(scene.settled)
    assert scene.here() == ["hello"]
    assert not Command.objects.filter(session=scene.session, state=Command.State.FAILED).exists()


@contextlib.contextmanager
def settling_held_up() -> Iterator[None]:
    """Commands cannot be settled: at the commit the settling transaction waits for a lock that we hold."""
    key = 771_003
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN PERFORM pg_advisory_xact_lock({key}); RETURN NULL; END $$"
        )
        cursor.execute(
            "CREATE CONSTRAINT TRIGGER hold_up AFTER UPDATE ON telegram_commands DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW WHEN (NEW.state = 'done') EXECUTE FUNCTION hold_up()"
        )
    try:
        with holding("SELECT pg_advisory_lock(%s)", key):
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER hold_up ON telegram_commands")
            cursor.execute("DROP FUNCTION hold_up")


def test_a_connection_that_breaks_between_the_claim_and_the_handler_fails_no_message(
    session: Session,
    dc: SandboxThread,
    user: User,
    gateway: GatewayThread,
    person: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dc.world("send", person("Anna"), session.telegram_user_id, "hello")
    chat = eventually(lambda: Chat.objects.filter(session=session).first())
    claim, broken = bus_module.claim, []

    async def claim_and_break(*args: object, **options: object) -> list[Claimed]:
        claimed: list[Claimed] = await claim(*args, **options)
        if not broken and any(one.kind == CommandKind.SEND for one in claimed):
            broken.append(True)
            gateway.process.accounts.all()[session.pk].rebuild()
        return claimed

    monkeypatch.setattr(bus_module, "claim", claim_and_break)
    row = messages.send(user, chat, "unlucky", cid=uuid.uuid4())
    eventually(lambda: Command.objects.get(session=session, kind=CommandKind.SEND).state not in OPEN)
    row.refresh_from_db()
    assert broken
    assert (row.state, row.error_code) == (Message.State.SENT, "")
