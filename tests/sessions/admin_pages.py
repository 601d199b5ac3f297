"""The admin, as the tests of its pages call it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import User
from django.test import Client

from apps.sessions.models import Session, SessionGrant
from apps.staff.roles import Role

Staff = Callable[..., User]
Account = Callable[..., Session]
Grant = Callable[[User, Session, Role], SessionGrant]
As = Callable[[User], Client]
