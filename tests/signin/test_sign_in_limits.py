"""How many sign-ins a user and the installation may have open and start."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.utils import timezone
from telethon.crypto import AuthKey
from telethon.sessions import StringSession

from apps.commands.models import Command
from apps.sessions.models import Session
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInStep
from tests.kit.accounts import key
from tests.signin.signing_in import Sent, at_code, settle_all, starter
from tgadmin.core.errors import UserError

__all__ = ["starter"]


def text(number: int) -> bytes:
    """Another program's session, as text."""
    session = StringSession()
    session.set_dc(2, "149.154.167.51", 443)
    session.auth_key = AuthKey(bytes([number]) * 256)
    return bytes(session.save(), "ascii")


def phone(number: int) -> str:
    return f"+4915{number:09d}"


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(UserError) as error:
        act()
    assert error.value.code == "TOO_MANY_SIGN_INS"
    return error.value.message


def test_three_hundred_numbers_are_five_codes(starter: User) -> None:
    for number in range(5):
        signin.start(starter, "", phone(number))
    for number in range(5, 300):
        refused(partial(signin.start, starter, "", phone(number)))
    assert [model.objects.count() for model in (SignInAttempt, Command, Session)] == [5, 5, 5]


def test_every_way_of_starting_counts(starter: User, settings: Any) -> None:
    settings.SIGN_INS_OPEN = 3
    signin.start(starter, "", phone(1))
    signin.start_qr(starter, "By code")
    signin.start_import(starter, "", text(1))
    for act in (
        lambda: signin.start(starter, "", phone(2)),
        lambda: signin.start_qr(starter, "Another"),
        lambda: signin.start_import(starter, "", text(2)),
    ):
        assert "3 sign-ins open" in refused(act)
    # What is open already is gone on with.
    signin.start(starter, "", phone(1))
    signin.start_qr(starter, "By code")


def test_an_ended_one_makes_room(starter: User, settings: Any) -> None:
    settings.SIGN_INS_OPEN = 1
    attempt = signin.start(starter, "", phone(1))
    refused(lambda: signin.start(starter, "", phone(2)))
    signin.cancel(starter, attempt)
    signin.start(starter, "", phone(2))


def test_a_day_of_one_and_of_all(starter: User, staff: Callable[..., User], settings: Any) -> None:
    settings.SIGN_INS_PER_DAY, settings.SIGN_INS_PER_DAY_ALL = 3, 4
    for number in range(3):
        signin.cancel(starter, signin.start(starter, "", phone(number)))
    assert "3 sign-ins within a day" in refused(lambda: signin.start(starter, "", phone(9)))
    other = staff("other", "add_account")
    signin.start(other, "", phone(4))
    assert "by all together" in refused(lambda: signin.start(other, "", phone(5)))
    SignInAttempt.objects.update(updated_at=timezone.now() - timedelta(days=1, seconds=1))
    signin.start(starter, "", phone(9))


def back_to_the_number(user: User, attempt: SignInAttempt) -> None:
    signin.change_phone(user, attempt)
    signin.cancelled(attempt.pk)
    settle_all()


def test_other_numbers_in_one_sign_in_count_too(starter: User, settings: Any) -> None:
    """One sign-in that is led from number to number asks for as many codes."""
    settings.SIGN_INS_PER_DAY = 4
    attempt = at_code(starter)
    for number in range(3):
        back_to_the_number(starter, attempt)
        signin.submit_phone(starter, attempt, phone(number))
        signin.code_sent(attempt.pk, key(), Sent())
        settle_all()
    back_to_the_number(starter, attempt)
    refused(lambda: signin.submit_phone(starter, attempt, phone(9)))
    attempt.refresh_from_db()
    assert (attempt.numbers, attempt.step) == (4, SignInStep.PHONE)
    assert Command.objects.filter(kind="sign_in.send_code").count() == 4


def test_the_same_number_again_is_no_other(starter: User, settings: Any) -> None:
    settings.SIGN_INS_PER_DAY = 1
    attempt = at_code(starter)
    back_to_the_number(starter, attempt)
    signin.submit_phone(starter, attempt, attempt.phone)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_share_the_last_places(transactional_db: None, settings: Any) -> None:
    settings.SIGN_INS_OPEN = 3
    user = User.objects.create_user("starter", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="add_account"))
    together = threading.Barrier(8)

    def one(number: int) -> bool:
        together.wait(20)
        try:
            signin.start(User.objects.get(pk=user.pk), "", phone(number))
        except UserError:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 3
    assert SignInAttempt.objects.count() == 3
