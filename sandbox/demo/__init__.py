"""The demo: a world to try the product in, and contacts that answer."""

from sandbox.demo.company import (
    CHANNEL_TITLE,
    COMMUNITY_TITLE,
    GREETS,
    GROUP_TITLE,
    HINT,
    PASSWORDS,
    PEOPLE,
    PHONES,
    build,
    greeting,
)
from sandbox.demo.script import Script, Timings

__all__ = [
    "CHANNEL_TITLE",
    "COMMUNITY_TITLE",
    "GREETS",
    "GROUP_TITLE",
    "HINT",
    "PASSWORDS",
    "PEOPLE",
    "PHONES",
    "Script",
    "Timings",
    "build",
    "greeting",
]
