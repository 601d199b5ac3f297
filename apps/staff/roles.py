"""What somebody may do with an account: the closed set, lowest first."""

from __future__ import annotations

from django.db import models


class Role(models.IntegerChoices):
    """Each role includes those before it."""

    VIEWER = 1, "Viewer"
    OPERATOR = 2, "Operator"
    MANAGER = 3, "Manager"
