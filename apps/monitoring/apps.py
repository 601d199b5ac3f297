"""The monitoring app."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "apps.monitoring"
    label = "monitoring"
    verbose_name = "Monitoring"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.monitoring import receivers  # noqa: F401  keeps what is to be audited
        from apps.monitoring.services import kept  # noqa: F401  declares what is kept
