"""The commands app."""

from django.apps import AppConfig


class CommandsConfig(AppConfig):
    name = "apps.commands"
    label = "commands"
    verbose_name = "Commands"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.commands import kept  # noqa: F401  declares what is kept
