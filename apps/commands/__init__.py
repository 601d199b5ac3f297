"""The command bus: what the gateway is asked to do at Telegram, and which gateway may."""
