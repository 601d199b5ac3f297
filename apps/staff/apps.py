"""The staff app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class StaffConfig(AppConfig):
    name = "apps.staff"
    label = "staff"
    verbose_name = "Staff"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.staff import receivers, tasks  # noqa: F401  receivers tell what happens to users and groups
        from apps.staff.services import kept  # noqa: F401  declares what is kept

        post_migrate.connect(tasks.schedule, sender=self)
