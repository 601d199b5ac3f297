"""The chats app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ChatsConfig(AppConfig):
    name = "apps.chats"
    label = "chats"
    verbose_name = "Chats"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.chats import receivers, tasks  # noqa: F401  receivers take part in sign-ins
        from apps.chats.services import kept  # noqa: F401  declares what is kept

        post_migrate.connect(tasks.schedule, sender=self)
