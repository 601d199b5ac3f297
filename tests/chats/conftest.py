"""What the tests of the chats app share."""

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat
from apps.sessions.models import Session, SessionGrant
from apps.staff.roles import Role
from tests.kit import world


@pytest.fixture
def session(db: None) -> Session:
    return world.make_session()


@pytest.fixture
def chat(session: Session) -> Chat:
    return world.make_chat(session, "Anna Kowalska")


@pytest.fixture
def operator(session: Session) -> User:
    user = User.objects.create_user("oda", password="a long enough password", is_staff=True, first_name="Oda")
    SessionGrant.objects.create(session=session, user=user, role=Role.OPERATOR)
    return user


@pytest.fixture
def viewer(session: Session) -> User:
    user = User.objects.create_user("vera", password="a long enough password", is_staff=True)
    SessionGrant.objects.create(session=session, user=user, role=Role.VIEWER)
    return user


@pytest.fixture
def stranger(db: None) -> User:
    """Staff without a right in any session."""
    return User.objects.create_user("sam", password="a long enough password", is_staff=True)
