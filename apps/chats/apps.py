"""The chats app."""

from django.apps import AppConfig


class ChatsConfig(AppConfig):
    name = "apps.chats"
    label = "chats"
    verbose_name = "Chats"
    default_auto_field = "django.db.models.BigAutoField"
