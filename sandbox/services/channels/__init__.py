"""channels.*: supergroups and channels."""

from sandbox.services.channels import management, members, messages

__all__ = ["management", "members", "messages"]
