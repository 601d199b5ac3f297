"""The QR code of a sign-in: drawn as SVG for the page and in characters for the terminal."""

from __future__ import annotations

import io

import segno
from django.utils.safestring import SafeString, mark_safe


def svg(url: str) -> SafeString:
    """The code as inline SVG: dark on white in every theme, as phones read it; no style, no script, no text."""
    drawn = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        drawn, kind="svg", scale=6, border=4, dark="#000", light="#fff", xmldecl=False, nl=False,
        omitsize=True,
    )  # fmt: skip
    return mark_safe(drawn.getvalue().decode("ascii"))  # noqa: S308  made by us of modules, no text goes in


def terminal(url: str) -> str:
    """The code in half blocks: two rows of modules to a line, with its quiet zone."""
    drawn = io.StringIO()
    segno.make(url, error="l", micro=False).terminal(drawn, border=2, compact=True)
    return drawn.getvalue()
