"""The sessions app in the admin, split by subject."""

from apps.sessions.admin import machinery, people, sessions, signins  # noqa: F401  they register themselves
