"""The ASGI application: Django over HTTP, the live socket over WebSocket. Any ASGI server may run it."""

import gc
import os
import sys

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tgadmin.settings")
os.environ.setdefault("TGADMIN_PROCESS", "web")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402

from apps.chats.routing import websocket_application  # noqa: E402  needs the apps, which get_asgi_application loads
from apps.sessions.checks import stop_if_unsound  # noqa: E402

if os.environ["TGADMIN_PROCESS"] == "web":
    stop_if_unsound()
    # The live pages' loop shall not stand still: a thread that computes gives way after 1 ms instead of 5, and what is
    # loaded now is not searched for garbage (0.1 s each time), nor is the rest after every 700 new objects.
    sys.setswitchinterval(0.001)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)

application = ProtocolTypeRouter({"http": http, "websocket": websocket_application()})
