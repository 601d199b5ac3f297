"""The admin, as the tests of its pages call it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from apps.sessions.models import Session, SessionGrant
from apps.staff.roles import Role

Staff = Callable[..., User]
Account = Callable[..., Session]
Grant = Callable[[User, Session, Role], SessionGrant]
As = Callable[[User], Client]


def address(model: type, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)
