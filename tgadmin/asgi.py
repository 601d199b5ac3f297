"""The ASGI application: Django over HTTP, the live socket over WebSocket. Any ASGI server may run it."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tgadmin.settings")
os.environ.setdefault("TGADMIN_PROCESS", "web")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402

from apps.chats.routing import websocket_application  # noqa: E402  needs the apps, which get_asgi_application loads
from apps.sessions.checks import stop_if_unsound  # noqa: E402

if os.environ["TGADMIN_PROCESS"] == "web":
    stop_if_unsound()

application = ProtocolTypeRouter({"http": http, "websocket": websocket_application()})
