"""A Telegram data centre on this machine: real MTProto 2.0 over TCP, for trying the product and for testing it.

It stands alone: it imports Telethon's TL classes and nothing of the rest of the project. Start at ``server.Sandbox``.

From the bottom: ``store`` keeps what must outlive the process, ``protocol`` speaks MTProto, ``world`` is what
Telegram's servers know, ``faults`` go wrong on purpose, ``dispatch`` brings a request to its method, ``services`` are
the methods, and ``server`` holds it all together. ``control`` lets tests in other processes drive it, ``proxy_servers``
stand in front of it, ``record`` says what it has seen, ``demo`` fills it with people.
"""
