"""People and accounts (tests/kit/accounts.py)."""

from tests.kit.accounts import account, admin, environment, grant, signed_in_as, staff

__all__ = ["account", "admin", "environment", "grant", "signed_in_as", "staff"]
