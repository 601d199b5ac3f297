"""The database that tests have made for themselves, for other processes."""

from __future__ import annotations

import os
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings


def database_url() -> str:
    """DATABASE_URL of the tests' own database, which pytest-django makes beside the one that the environment names."""
    address = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(address._replace(path="/" + settings.DATABASES["default"]["NAME"]))
