"""What is done regularly: on the schedule after each ``migrate``, once, under a name that the worker can run."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django_q.models import Schedule

from tgadmin.core import tasks


@pytest.mark.django_db
def test_everything_is_on_the_schedule_once() -> None:
    for _ in range(2):
        call_command("migrate", verbosity=0)
    scheduled = {row.name: (row.func, row.schedule_type, row.minutes) for row in Schedule.objects.all()}
    assert Schedule.objects.count() == len(scheduled)
    assert scheduled == {
        "Clean up": ("apps.signin.tasks.clean_up", Schedule.MINUTES, 60),
        "Refresh accounts' devices": ("apps.sessions.tasks.refresh_devices", Schedule.MINUTES, 60),
        "End what is over": ("apps.chats.tasks.end_what_is_over", Schedule.MINUTES, 1),
        "Prune events": ("apps.chats.tasks.prune_events", Schedule.MINUTES, 10),
        "Tell the audit of wrong sign-ins": ("apps.staff.tasks.tell_failures", Schedule.MINUTES, 1),
    }
    assert all(tasks.find(function) is not None for function, _, _ in scheduled.values())
