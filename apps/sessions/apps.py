"""The sessions app; its label avoids django.contrib.sessions."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SessionsConfig(AppConfig):
    name = "apps.sessions"
    label = "tg_sessions"
    verbose_name = "Telegram sessions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.sessions import checks, demo, tasks, worker  # noqa: F401  registers system checks and tasks

        worker.guard()
        post_migrate.connect(tasks.schedule, sender=self)
