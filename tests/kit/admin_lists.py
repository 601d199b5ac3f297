"""What is administered, and the addresses of its pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.urls import reverse

ALL: list[type[Model]] = sorted(admin.site._registry, key=lambda model: model._meta.label)
"""Every model with pages in the admin."""

OURS = [model for model in ALL if model.__module__.startswith("apps.")]
"""Those of this project, not of its packages."""


def address(model: type[Model], page: str = "changelist", *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def label(value: Any) -> str:
    """What a case is called."""
    return value._meta.label_lower if isinstance(value, type) else str(value)
