"""The web process's own server: daphne's classes, with limits on what a client may take, and for how long.

``python -m tgadmin.web -b 127.0.0.1 -p 8000`` serves ``tgadmin.asgi``. Nothing in the application depends on it: any
ASGI server may stand in front of ``tgadmin.asgi``, without these limits.

- ``limits``: the numbers; ``connections``, ``lanes``, ``budget``: what is decided by them, without I/O of their own;
- ``transport``: a TCP connection that knows how much its reader has taken;
- ``channel``, ``request``: HTTP; ``socket``: WebSocket; ``inbox``: what the application has yet to receive;
- ``server``: puts them together and runs the application; ``main``: the command line.
"""
