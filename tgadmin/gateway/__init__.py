"""The long-running process that holds live Telegram clients: leases, accounts, the inbox, the command bus."""
