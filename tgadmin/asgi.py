"""The ASGI application: Django over HTTP, the live socket over WebSocket. Any ASGI server may run it."""

import gc
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tgadmin.settings")
os.environ.setdefault("TGADMIN_PROCESS", "web")
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter  # noqa: E402  all of these need the apps
from django.conf import settings  # noqa: E402

from apps.chats.live.routing import websocket_application  # noqa: E402
from apps.chats.live.warming import warm  # noqa: E402
from apps.common.checks import stop_if_unsound  # noqa: E402
from apps.monitoring.views import healthz, readyz  # noqa: E402
from tgadmin.database.handler import Handler  # noqa: E402
from tgadmin.database.threads import Threads  # noqa: E402
from tgadmin.database.watch import watch  # noqa: E402
from tgadmin.statics.collecting import collect_or_stop  # noqa: E402

if settings.PROCESS == "web":
    collect_or_stop()  # the handler's middleware reads their names

http = Handler(Threads(settings.REQUEST_THREADS, "requests"), {"/healthz": healthz, "/readyz": readyz})

if settings.PROCESS == "web":
    stop_if_unsound()
    # The live pages' loop shall not stand still: a thread that computes gives way after 1 ms instead of 5, and what is
    # loaded now is not searched for garbage (0.1 s each time), nor is the rest after every 700 new objects.
    sys.setswitchinterval(0.001)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    watch.start()

__all__ = ["application", "warm"]

application = ProtocolTypeRouter({"http": http, "websocket": websocket_application()})
