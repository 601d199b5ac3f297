"""Reading a QR code off a page, as a phone's camera does."""

from __future__ import annotations

import re

import zxingcpp
from playwright.sync_api import Locator

SCALE, MARGIN = 4, 4  # pixels to a module; modules of quiet zone, which the page's own white margin gives as well


def read_qr(code: Locator) -> str:
    """The text of the QR code that the element's SVG draws, its modules painted and given to a decoder."""
    svg = code.locator("svg")
    size = int(svg.locator("path").first.evaluate("path => path.getBBox().width"))
    path = svg.locator("path[stroke]").get_attribute("d")
    assert path is not None
    return read_modules(path, size)


def read_modules(path: str, size: int) -> str:
    """The text of a code of ``size`` modules (quiet zone included), drawn by an SVG path."""
    modules = _modules(path, size)
    side = (size + 2 * MARGIN) * SCALE
    image = bytearray(b"\xff" * side * side)
    for x, y in modules:
        for row in range((y + MARGIN) * SCALE, (y + MARGIN + 1) * SCALE):
            start = row * side + (x + MARGIN) * SCALE
            image[start : start + SCALE] = bytes(SCALE)
    found = zxingcpp.read_barcodes(memoryview(bytes(image)).cast("B", (side, side)))
    assert len(found) == 1, "the page shows no legible QR code"
    return str(found[0].text)


def _modules(path: str, size: int) -> set[tuple[int, int]]:
    """The dark modules of a path of horizontal strokes: M x y, m dx dy, h length."""
    dark: set[tuple[int, int]] = set()
    x, y = 0.0, 0.0
    for letter, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        values = [float(number) for number in numbers.split()]
        if letter == "M":
            x, y = values
        elif letter == "m":
            x, y = x + values[0], y + values[1]
        else:
            dark |= {(column, int(y)) for column in range(int(x), int(x + values[0]))}
            x += values[0]
    assert dark
    assert all(0 <= column < size and 0 <= row < size for column, row in dark)
    return dark
