"""How the admin shows what has a look of its own: badges, times, JSON."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString


def badge(kind: str, icon: str, text: str) -> SafeString:
    """Icon, word and colour together: none of them carries the meaning alone."""
    return format_html(
        '<span class="tg-badge {}"><span class="material-symbols-outlined" aria-hidden="true">{}</span>{}</span>',
        kind,
        icon,
        text,
    )


def moment(at: datetime | None) -> SafeString | str:
    """A time that static/admin/page.js shows relative to now, in the viewer's zone."""
    if at is None:
        return "–"
    return format_html('<time datetime="{}">{} UTC</time>', at.isoformat(), f"{at:%Y-%m-%d %H:%M:%S}")


def clock(at: datetime) -> SafeString:
    """A time that is said by the clock, in the viewer's zone: when a wait ends."""
    return format_html('<time datetime="{}" data-clock>{} UTC</time>', at.isoformat(), f"{at:%H:%M:%S}")


def shown_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) if value else "–"
