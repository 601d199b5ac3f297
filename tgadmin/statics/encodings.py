"""Which content encodings a client takes (RFC 9110, 12.5.3)."""

from __future__ import annotations

from contextlib import suppress


def accepted(header: str) -> set[str]:
    """Names of Accept-Encoding, in lower case, that are not refused by ``q=0``. What cannot be read is not taken."""
    found = set()
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                weight = 0.0
                with suppress(ValueError):
                    weight = float(value)
        if name and weight > 0:
            found.add(name)
    return found
