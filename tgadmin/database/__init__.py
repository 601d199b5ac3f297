"""The web process's database connections: who takes one gives it back, whatever happens to the request or the socket.

``threads``: synchronous code runs in threads whose every call ends by giving back what it took. ``handler``: Django's
ASGI handler on such threads; a server that kills a request kills no clean-up. ``pooled``: the pool's connections, and
what the server is to end. ``watch``: ends a process whose pool is dead all the same.
"""
