"""What the first pages need is loaded before a web process is ready: modules, addresses, connections, and what the
database remembers of a statement on each of them. All open pages come back at the moment when it answers again."""

from __future__ import annotations

import logging
from concurrent.futures import wait
from functools import partial
from threading import Barrier

from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.urls import reverse

from apps.chats.live import beginning
from apps.chats.live.hub.frames import list_frames
from apps.chats.live.threads import begin
from apps.chats.models import Chat
from apps.chats.selectors import live
from apps.staff.logins import SessionStore
from apps.staff.roles import Role

log = logging.getLogger(__name__)

SECONDS = 3.0
"""Then the process is ready in any case: it says itself what it lacks."""


def warm() -> None:
    """Do once what a page does that comes back, on as many connections as pages use at once, and show it to nobody.
    A process without a database is started too."""
    reverse("admin:index")
    get_channel_layer()
    pool = connection.settings_dict["OPTIONS"].get("pool") or {}
    count = min([settings.SOCKET_THREADS, *(pool[name] for name in ("max_size", "max_waiting") if name in pool)])
    all_connected = Barrier(count)
    rehearsals = [begin(partial(_rehearse, all_connected)) for _ in range(count)]
    done, late = wait(rehearsals, SECONDS)
    causes = {type(error).__name__ for one in done if (error := one.exception()) is not None}
    if late or causes:
        causes |= {"too slow"} if late else set()
        log.warning("pages were not rehearsed on every connection before the first one: %s", ", ".join(sorted(causes)))


def _rehearse(all_connected: Barrier) -> None:
    """Raises what a page would, BrokenBarrierError if another one has failed before."""
    try:
        connection.ensure_connection()
    except Exception:
        all_connected.abort()
        raise
    # Whoever was quicker would leave its connection to the next one.
    all_connected.wait(SECONDS)
    _greet()
    _open()


def _greet() -> None:
    """A colleague, by a login that there is not."""
    SessionStore("a" * 32).load()
    live.signed_in([""])
    user = User.objects.filter(is_active=True, is_staff=True).order_by("pk").last()
    if user is not None:
        user.get_session_auth_hash()
        beginning.greeting(user)


def _open() -> None:
    """The chat that was written in last."""
    chat = Chat.objects.order_by("-last_message_at").first()
    if chat is None:
        return
    list_frames(chat.session_id, *beginning.first_rows({chat.session_id: True}))
    beginning.opening(chat.pk, None, None, roles={chat.session_id: Role.MANAGER}, most=1)
