"""Sessions: the organisation's Telegram accounts, their keys, status, devices, proxies and rights."""
