"""A browser whose user has just shown again that it is them (apps/staff/confirming.py)."""

from __future__ import annotations

import time

from django.test import Client

from apps.staff.logins import CONFIRMED


def confirmed(client: Client) -> Client:
    login = client.session
    login[CONFIRMED] = time.time()
    login.save()
    return client
