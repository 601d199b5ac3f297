"""What goes wrong on purpose: with requests, keys and connections, and with updates on their way."""

from sandbox.faults.containers import Container
from sandbox.faults.faults import DUPLICATED, Faults, Outcome

__all__ = ["DUPLICATED", "Container", "Faults", "Outcome"]
