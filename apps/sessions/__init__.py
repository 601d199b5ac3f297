"""Sessions: the organisation's Telegram accounts, their secrets, leases, sign-in, commands, rights."""
