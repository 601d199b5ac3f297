"""Addresses of the sockets."""

from __future__ import annotations

from django.urls import URLPattern, path

from apps.chats.consumers import LiveConsumer

websocket_urlpatterns: list[URLPattern] = [path("ws/live/", LiveConsumer.as_asgi())]
