"""What the first pages need is loaded before a web process is ready: modules, addresses, connections, and what the
database remembers of a statement on each of them. All open pages come back at the moment when it answers again."""

from __future__ import annotations

import logging
from concurrent.futures import wait

from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.db import Error as DatabaseError
from django.urls import reverse

from apps.chats import beginning
from apps.chats.hub.frames import list_frames
from apps.chats.models import Chat
from apps.chats.selectors import live
from apps.chats.threads import begin
from apps.sessions.models import Role
from apps.staff.logins import SessionStore
from tgadmin.core.faults import told

log = logging.getLogger(__name__)

CONNECTIONS = 4
"""So many are opened and used; the pool hands them out in turn."""
SECONDS = 3.0
"""Then the process is ready in any case: it says itself what it lacks."""


def warm() -> None:
    """Do once what a page does that comes back, on several connections at once, and show it to nobody. Never raises: a
    process without a database is started too."""
    reverse("admin:index")
    get_channel_layer()
    wait([begin(_rehearse) for _ in range(CONNECTIONS)], SECONDS)


def _rehearse() -> None:
    try:
        _greet()
        _open()
    except DatabaseError as error:
        log.warning("the database could not be asked before the first page: %s", type(error).__name__)
    except Exception as error:  # noqa: BLE001  pages say what is wrong with them
        log.error("a page could not be rehearsed: %s", told(error))


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
    list_frames(chat.session_id, *beginning.first_rows(chat.session_id, whole=True))
    beginning.opening(chat.pk, None, None, roles={chat.session_id: Role.MANAGER}, most=1)
