"""The chats app."""

from django.apps import AppConfig


class ChatsConfig(AppConfig):
    name = "apps.chats"
    label = "chats"
    verbose_name = "Chats"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.chats import kept, receivers, tasks  # noqa: F401  receivers take part in sign-ins
        from apps.common import schedules

        schedules.every(10, "Prune events", tasks.prune_events, of=self)
        schedules.every(1, "End what is over", tasks.end_what_is_over, of=self)
