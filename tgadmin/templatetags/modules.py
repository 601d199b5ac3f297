"""For pages with ES modules: ``{% for address in 'chats/main.js'|imported %}``, what that module will load."""

from __future__ import annotations

from django import template

from tgadmin.statics.modules import imported as found

register = template.Library()


@register.filter
def imported(name: str) -> tuple[str, ...]:
    """Addresses of all modules that the static file of this name imports, directly or not."""
    return found(name)
