"""Wake-ups for the web processes through the channel layer: coalesced, and only ever a hint."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import structlog

from tgadmin.core.types import Typing

log = structlog.get_logger(__name__)
COALESCE_SECONDS = 0.005
"""After what was said, in which more is gathered: the first change after a pause is told at once."""
SEND_TIMEOUT = 2.0


class ChannelLayer(Protocol):
    async def group_send(self, group: str, message: dict[str, Any]) -> None: ...


class Wake:
    """Collects what to say and says it, on the gateway's loop. What Valkey does not take is dropped: pages look once a
    second anyway."""

    def __init__(self, layer: ChannelLayer) -> None:
        self._layer = layer
        self._changed: set[int] = set()
        self._typing: dict[tuple[int, int, int], dict[str, Any]] = {}
        self._something = asyncio.Event()

    def changed(self, session_id: int) -> None:
        """Pages have something to read in this session."""
        self._changed.add(session_id)
        self._something.set()

    def typing(self, session_id: int, typing: Typing, name: str) -> None:
        """Somebody is typing: told as it is, since it is stored nowhere."""
        self._typing[session_id, typing.peer_id, typing.sender_id] = {
            "type": "session.typing",
            "peer_id": typing.peer_id,
            "sender_id": typing.sender_id,
            "name": name,
            "action": typing.action,
        }
        self._something.set()

    async def run(self) -> None:
        """Send for ever; several changes of a session within a few milliseconds are one wake-up."""
        while True:
            await self._something.wait()
            self._something.clear()
            changed, self._changed = self._changed, set()
            typing, self._typing = self._typing, {}
            try:
                async with asyncio.timeout(SEND_TIMEOUT):
                    for session_id in changed:
                        await self._layer.group_send(f"session.{session_id}", {"type": "session.changed"})
                    for (session_id, _, _), message in typing.items():
                        await self._layer.group_send(f"session.{session_id}", message)
            except Exception as error:  # noqa: BLE001  a hint that cannot be given must not end the gateway
                log.warning("wake-up not delivered", error=type(error).__name__, sessions=len(changed))
            await asyncio.sleep(COALESCE_SECONDS)
