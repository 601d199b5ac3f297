"""The staff app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class StaffConfig(AppConfig):
    name = "apps.staff"
    label = "staff"
    verbose_name = "Staff"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.sessions.services import rights
        from apps.staff import receivers, selectors, tasks  # noqa: F401  receivers tell what happens to users
        from apps.staff.services import kept  # noqa: F401  declares what is kept
        from tgadmin.core.refusals import Lack

        rights.ask_also(Lack.SECOND_FACTOR, selectors.lacks_second_factor_sql)

        post_migrate.connect(tasks.schedule, sender=self)
