"""Clean-up of what sign-ins leave behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from apps.commands.models import Command
from apps.commands.services import commands
from apps.common import retention
from apps.sessions.models import Session, SessionStatus
from apps.signin import services as signin
from apps.signin import tasks
from apps.signin.models import SignInAttempt, SignInSecret, SignInStep
from apps.signin.services import cleanup
from tests.kit.accounts import key

DAY = timedelta(hours=24, minutes=1)


def attempt_of(user: User, phone: str, *, age: timedelta, secret: bool) -> SignInAttempt:
    attempt = signin.start(user, "", phone)
    for command in Command.objects.filter(state__in=commands.OPEN):
        commands.settle(command, Command.State.DONE)
    if secret:
        SignInSecret.objects.create(attempt=attempt, secret=key())
    SignInAttempt.objects.filter(pk=attempt.pk).update(busy=False, updated_at=timezone.now() - age)
    return SignInAttempt.objects.get(pk=attempt.pk)


def test_abandoned_sign_ins_are_ended_at_telegram_too(admin: User) -> None:
    old = attempt_of(admin, "+49 151 111 11111", age=DAY, secret=True)
    young = attempt_of(admin, "+49 151 222 22222", age=timedelta(hours=23), secret=True)
    assert cleanup.run(dry_run=True).abandoned == 1
    old.refresh_from_db()
    assert old.step == SignInStep.PHONE
    assert cleanup.run().abandoned == 1
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.step, old.error_code) == (SignInStep.FAILED, "SIGN_IN_ABANDONED")
    assert young.step == SignInStep.PHONE
    assert Command.objects.get(state=Command.State.QUEUED).kind == "sign_in.cancel"
    signin.cancelled(old.pk)
    assert list(SignInSecret.objects.values_list("attempt_id", flat=True)) == [young.pk]
    old.refresh_from_db()
    assert old.step == SignInStep.FAILED


def test_secrets_of_ended_sign_ins_do_not_outlive_the_gateways_silence(admin: User) -> None:
    attempt = attempt_of(admin, "+49 151 111 11111", age=timedelta(0), secret=True)
    signin.cancel(admin, attempt)
    assert cleanup.run().secrets == 0
    SignInAttempt.objects.update(updated_at=timezone.now() - timedelta(hours=2))
    assert cleanup.run().secrets == 1
    assert not SignInSecret.objects.exists()
    assert not Command.objects.filter(state__in=commands.OPEN).exists()


def test_empty_sessions_go_and_accounts_stay(admin: User, account: Callable[..., Session]) -> None:
    long_ago = timezone.now() - DAY
    kept = [
        account("Real", enabled=False, status=SessionStatus.DISABLED, status_since=long_ago),
        account("With a key", telegram_user_id=None, enabled=False, status_since=long_ago),
        account("Young", telegram_user_id=None, enabled=False),
    ]
    empty = Session.objects.create(name="Empty", network="dc-test", enabled=False, status_since=long_ago)
    assert cleanup.run().sessions == 1
    assert not Session.objects.filter(pk=empty.pk).exists()
    assert Session.objects.count() == len(kept)


def test_the_task_cleans_up_and_prunes(db: None) -> None:
    assert tasks.clean_up() == {"abandoned": 0, "secrets": 0, "sessions": 0} | retention.would_go()
