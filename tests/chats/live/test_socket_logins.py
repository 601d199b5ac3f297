"""A socket does not outlive its login."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apps.staff.models import Login
from tests.kit.sockets import Connect, connect

__all__ = ["connect"]
pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_login_that_runs_out_while_its_socket_is_open(connect: Connect, viewer: User) -> None:
    page = await (await connect(viewer)).hello()
    await Login.objects.filter(user_id=viewer.pk).aupdate(expire_date=timezone.now() - timedelta(seconds=1))
    assert await page.closed() == 4401


async def test_a_login_that_is_ended_elsewhere(connect: Connect, viewer: User) -> None:
    page = await (await connect(viewer)).hello()
    await Login.objects.filter(user_id=viewer.pk).adelete()
    assert await page.closed() == 4401
