"""How a method says no."""

from __future__ import annotations


class RpcError(Exception):
    """What a method raises: ``RpcError(400, "PEER_ID_INVALID")``. https://core.telegram.org/api/errors"""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
