"""A row in each table that an hour of the demo leaves empty; ``python -m tests.upgrade`` runs it inside the product."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import uuid4

from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from apps.chats.models import Chat, Gap, Installation, Message, MessageSecret, UnreadableUpdate
from apps.chats.models.live import LiveProcess, LiveSocket
from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command, CommandSecret, FloodWait
from apps.sessions.models import AccessRequest, ChannelState, Device, Session, SessionProxy, SessionProxySecret
from apps.signin.models import SignInAttempt, SignInSecret, SignInStep
from apps.staff.models import Authenticator, AuthenticatorSecret, ConfirmationTries, Failures, Login, Policy
from apps.staff.roles import Role


def fill() -> None:
    session = Session.objects.order_by("pk")[0]
    chat = Chat.objects.filter(session=session).order_by("pk")[0]
    now = timezone.now()
    marta = _staff(session)
    command = Command.objects.create(session=session, kind=CommandKind.SIGN_IN_CODE, lane="sign-in:kept")
    CommandSecret.objects.create(command=command, secret={"code": "00000"})
    FloodWait.objects.create(session=session, method="messages.sendMessage", until=now, code="FLOOD_WAIT")
    attempt = SignInAttempt.objects.create(session=session, started_by=marta, step=SignInStep.CODE)
    SignInSecret.objects.create(attempt=attempt, secret={"phone_code_hash": "kept"})
    proxy = SessionProxy.objects.create(session=session, kind="socks5", host="192.0.2.7", port=1080, set_by=marta)
    SessionProxySecret.objects.create(proxy=proxy, secret={"username": "kept", "password": secrets.token_hex(8)})
    AccessRequest.objects.create(session=session, user=marta)
    Device.objects.create(session=session, hash=1, signed_in_at=now, active_at=now, noticed_at=now)
    ChannelState.objects.get_or_create(session=session, peer_id=-1_000_000_000_001, defaults={"pts": 1})
    Gap.objects.create(session=session, low_pts=1, high_pts=2, how="kept")
    UnreadableUpdate.objects.create(session=session, data=b"\x00", kind="Update", reason="kept")
    message = Message.objects.filter(chat=chat).order_by("pk")[0]
    MessageSecret.objects.get_or_create(message=message, defaults={"secret": {"text": "kept"}})
    process = LiveProcess.objects.create(id=uuid4())
    LiveSocket.objects.create(id=uuid4(), process_id=process.pk, user_id=marta.pk)
    Installation.objects.get_or_create()
    empty = [model._meta.db_table for model in _ours() if not model._default_manager.exists()]
    assert not empty, f"no row in {', '.join(empty)}: add one here"


def _staff(session: Session) -> User:
    marta = User.objects.create_user("marta", password=secrets.token_urlsafe(16), is_staff=True)
    marta.groups.add(Group.objects.create(name="Team"))
    session.grants.create(group=Group.objects.get(name="Team"), role=Role.OPERATOR)
    authenticator = Authenticator.objects.create(user=marta, name="authenticator app", confirmed=True)
    AuthenticatorSecret.objects.create(authenticator=authenticator, secret={"key": secrets.token_hex(20)})
    codes = StaticDevice.objects.create(user=marta, name="recovery codes", confirmed=True)
    StaticToken.objects.create(device=codes, token="kept")
    ConfirmationTries.objects.create(user=marta)
    later = timezone.now() + timedelta(days=36_500)  # a count whose minute is over is told, and goes
    Failures.objects.create(minute=later, action="login.failed", username="nobody", last_at=later)
    Policy.objects.get_or_create()
    Login.objects.create(session_key=secrets.token_hex(16), session_data="", expire_date=later, user_id=marta.pk)
    AccessAttempt.objects.create(username="nobody", ip_address="192.0.2.1", failures_since_start=1)
    return marta


def _ours() -> list[type]:
    return [model for model in apps.get_models() if model.__module__.startswith("apps.")]
