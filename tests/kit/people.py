"""People with every kind of right, and a chat of whose account everything has a telling name."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from apps.chats.models import Chat, Gap
from apps.commands.models import Command, FloodWait, Lease, Node
from apps.sessions.models import Session, SessionEvent, SessionGrant
from apps.signin.models import SignInAttempt
from apps.staff.roles import Role
from tests.kit import world

SECRET = "Theirsecret"
PEOPLE = ("anonymous", "outsider", "inactive", "nobody", "viewer", "operator", "manager", "superuser")
ROLES = {"viewer": Role.VIEWER, "operator": Role.OPERATOR, "manager": Role.MANAGER}
READERS = {"viewer", "operator", "manager", "superuser"}
WRITERS = READERS - {"viewer"}
MANAGERS = {"manager", "superuser"}


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def chat(db: None) -> Chat:
    """A chat of an account in which everything has a telling name, and one row of all that hangs on it."""
    session = world.make_session(SECRET)
    Session.objects.filter(pk=session.pk).update(profile_name=SECRET, username=SECRET)
    chat = world.make_chat(session, SECRET, kind="supergroup", username=SECRET)
    world.make_message(chat, 1, SECRET)
    world.make_message(chat, 2, SECRET, out=True)
    world.make_peer(session, SECRET)
    user = User.objects.create_superuser("starter", password="x")
    node = Node.objects.create(id=uuid.uuid4(), name=SECRET, host="h", pid=1, pid_started=1.0)
    Lease.objects.update_or_create(session=session, defaults={"owner": node, "fence": 1})
    SessionEvent.objects.create(session=session, kind="status.ready", code=SECRET, user=user)
    until = timezone.now() + timedelta(hours=1)
    FloodWait.objects.create(session=session, method="m", until=until, code=SECRET)
    Command.objects.create(session=session, kind="dialogs", lane="account", created_by=user, state="done")
    SignInAttempt.objects.create(session=session, phone=session.phone, started_by=user)
    Gap.objects.create(session=session, low_pts=1, high_pts=2, how="difference")
    kind = ContentType.objects.get_for_model(Session)
    LogEntry.objects.create(user=user, content_type=kind, object_id=session.pk, object_repr=SECRET, action_flag=CHANGE)
    return chat


def person(who: str, session: Session) -> User | None:
    if who == "anonymous":
        return None
    facts: dict[str, Any] = {"is_staff": who != "outsider", "is_active": who != "inactive"}
    user = User.objects.create_user(who, password="x", **facts, is_superuser=who == "superuser")
    if who not in ("nobody", "superuser"):
        SessionGrant.objects.create(session=session, user=user, role=ROLES.get(who, Role.MANAGER))
    if who == "nobody":  # with every permission that can be given, but no right in the account
        user.user_permissions.set(Permission.objects.exclude(codename="view_failure"))
    return user


def browser(who: str, session: Session) -> Client:
    client = Client()
    user = person(who, session)
    if user is not None:
        client.force_login(user)
    return client
