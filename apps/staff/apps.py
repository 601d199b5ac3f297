"""The staff app."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "apps.staff"
    label = "staff"
    verbose_name = "Staff"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.common import schedules
        from apps.staff import kept, receivers, tasks  # noqa: F401  receivers tell the audit what happens to users

        schedules.every(1, "Tell the audit of wrong sign-ins", tasks.tell_failures, of=self)
