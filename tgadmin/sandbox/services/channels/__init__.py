"""channels.*: supergroups and channels."""

from tgadmin.sandbox.services.channels import members, messages, rooms

__all__ = ["members", "messages", "rooms"]
