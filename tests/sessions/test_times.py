"""Times have one form on every page of the admin: in ``<time>``, which the browser shows in the viewer's zone with 24
hours."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.db.models import Model

from tests.kit.admin_lists import ALL, address, label
from tests.sessions.admin_pages import Account, As
from tests.sessions.test_admin import fill

CLOCK = re.compile(r"\b\d{1,2}:\d\d(?::\d\d)?(?: UTC| ?[ap]\.?m\b)?|\b(?:midnight|noon)\b")


@pytest.mark.django_db
@pytest.mark.parametrize("model", ALL, ids=label)
def test_no_time_is_the_servers(model: type[Model], admin: User, account: Account, signed_in_as: As) -> None:
    fill(account(), admin, 7)
    client = signed_in_as(admin)
    row = model._default_manager.first()
    assert row is not None
    for page in (address(model), address(model, "change", row.pk)):
        text = client.get(page).content.decode()
        for element in ("time", "script", "style"):
            text = re.sub(rf"<{element}\b.*?</{element}>", " ", text, flags=re.DOTALL)
        assert CLOCK.findall(re.sub(r"<[^>]*>", " ", text)) == [], page
