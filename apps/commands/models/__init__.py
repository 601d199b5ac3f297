"""Models of the command bus. Tables of accounts stand above this app, so a session is named by its label."""

from apps.commands.models.command import Command, CommandSecret
from apps.commands.models.flood_wait import FloodWait
from apps.commands.models.lease import Lease, Node

__all__ = ["Command", "CommandSecret", "FloodWait", "Lease", "Node"]
