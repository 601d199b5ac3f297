"""A Telegram data centre on this machine: real MTProto 2.0 over TCP, for trying the product and for testing it.

It stands alone: it imports Telethon's TL classes and nothing of the rest of the project. Start at ``server.Sandbox``.
"""
