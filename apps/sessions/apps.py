"""The sessions app; its label avoids django.contrib.sessions."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "apps.sessions"
    label = "tg_sessions"
    verbose_name = "Telegram accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.common import schedules
        from apps.sessions import checks, kept, tasks  # noqa: F401  registers system checks, declares what is kept

        schedules.every(schedules.HOURLY, "Refresh accounts' devices", tasks.refresh_devices, of=self)
