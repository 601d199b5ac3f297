"""The sandbox's world: accounts, chats, message boxes and their update logs, as Telegram's servers keep them."""

from sandbox.world.world import World

__all__ = ["World"]
