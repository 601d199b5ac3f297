"""The signin app."""

from django.apps import AppConfig


class SignInConfig(AppConfig):
    name = "apps.signin"
    label = "signin"
    verbose_name = "Sign-ins"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.common import schedules
        from apps.signin import kept, tasks  # noqa: F401  declares what is kept

        schedules.every(schedules.HOURLY, "Clean up", tasks.clean_up, of=self)
