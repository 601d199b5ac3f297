"""What is kept of django-q2's tables, and of Django's own that belong to no app of ours."""

from __future__ import annotations

from django_q.models import Failure

from apps.common.retention import Bounded, Pruned, declare

declare(
    Pruned(
        "django_q_task",
        "What background tasks said when they failed; of those that went well the worker keeps the newest 1,000.",
        lambda before: [Failure.objects.filter(stopped__lt=before).order_by("stopped")],
        "TASKS_KEPT_DAYS",
    ),
    Bounded("django_q_schedule", "One row for each thing that is done regularly."),
    Bounded("django_q_ormq", "Tasks that wait: the worker takes them, and gives each up after five tries."),
    Bounded("django_content_type", "One row for each kind of row."),
    Bounded("django_migrations", "One row for each migration."),
)
