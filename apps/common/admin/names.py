"""What models and their fields are called in the admin, where the model is a package's, or its own word is taken.

A migration keeps what the model itself declares; this is not part of it.
"""

from __future__ import annotations

from django.db.models import Model


def named(model: type[Model], one: str, many: str, **fields: str) -> None:
    """Calls the model ``one`` and ``many`` on every page, and its fields as ``fields`` says."""
    model._meta.verbose_name, model._meta.verbose_name_plural = one, many
    for name, words in fields.items():
        model._meta.get_field(name).verbose_name = words  # type: ignore[union-attr]  # a field of the model's own
