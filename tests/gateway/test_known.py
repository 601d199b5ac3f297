"""A known account signed in by somebody who does not manage it, by a real gateway at a data centre: no device stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from telethon.tl.functions.auth import LogOutRequest

from apps.commands.models import Command
from apps.commands.services.commands import OPEN
from apps.sessions.models import AccessRequest, Authorization, Session, SessionStatus
from apps.sessions.services import rights
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInStep
from tests.gateway.conftest import PHONE
from tests.kit.threads import Phone, SandboxThread
from tests.kit.waiting import eventually


@pytest.fixture
def starter(db: None) -> User:
    user = User.objects.create_user("starter", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="add_account"))
    return User.objects.get(pk=user.pk)


def over(attempt: SignInAttempt) -> SignInAttempt:
    def is_over() -> bool:
        attempt.refresh_from_db()
        return attempt.is_over

    eventually(is_over)
    eventually(lambda: not Command.objects.filter(state__in=OPEN).exists())
    return attempt


def by_phone(dc: SandboxThread, starter: User) -> SignInAttempt:
    attempt = signin.start(starter, "", PHONE)
    code = dc.code(PHONE, 2)
    eventually(lambda: SignInAttempt.objects.get(pk=attempt.pk).step == SignInStep.CODE)
    signin.submit_code(starter, attempt, code)
    return over(attempt)


def by_qr(dc: SandboxThread, starter: User) -> SignInAttempt:
    attempt = signin.start_qr(starter, "")
    shown = eventually(lambda: signin.shown_code(SignInAttempt.objects.get(pk=attempt.pk)))
    phone = Phone(dc.network).sign_in(PHONE, lambda: dc.code(PHONE, 2))
    try:
        phone.scan(shown.url)
        over(attempt)
    finally:
        phone(LogOutRequest())
        phone.close()
    return attempt


@pytest.mark.parametrize("way", [by_phone, by_qr])
def test_the_key_is_logged_out_and_the_accounts_own_stays(
    session: Session, dc: SandboxThread, starter: User, way: Callable[[SandboxThread, User], SignInAttempt]
) -> None:
    current = Authorization.objects.get(session=session)
    keys = set(dc.call(dc.server.keys_of, session.telegram_user_id))
    attempt = way(dc, starter)
    assert (attempt.step, attempt.error_code) == (SignInStep.FAILED, "ACCOUNT_KNOWN")
    eventually(lambda: set(dc.call(dc.server.keys_of, session.telegram_user_id)) == keys)
    session.refresh_from_db()
    assert session.status == SessionStatus.READY
    assert Authorization.objects.get(session=session) == current
    assert rights.role(starter, session.pk) is None
    assert AccessRequest.objects.get().user == starter
