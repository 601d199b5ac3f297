"""channels.*: supergroups and channels."""

from sandbox.services.channels import members, messages, rooms

__all__ = ["members", "messages", "rooms"]
