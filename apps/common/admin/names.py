"""What models and their fields are called in the admin, where the model is a package's, or its own word is taken.

A migration keeps what the model itself declares; this is not part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db.models import Model


def named(model: type[Model], one: str, many: str, row: Callable[[Any], str] | None = None, **fields: str) -> None:
    """Calls the model ``one`` and ``many`` on every page, one of its rows as ``row`` says, its fields as ``fields``."""
    if row is not None:
        model.__str__ = row  # type: ignore[method-assign]
    model._meta.verbose_name, model._meta.verbose_name_plural = one, many
    for name, words in fields.items():
        model._meta.get_field(name).verbose_name = words  # type: ignore[union-attr]  # a field of the model's own


def app_named(label: str, words: str) -> None:
    """Calls an app so, above its lists."""
    apps.get_app_config(label).verbose_name = words
