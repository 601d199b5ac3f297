"""What is kept of this app's tables, and of those that Django, django-axes and django-otp keep about staff."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.utils import timezone

from apps.common.retention import Bounded, Forever, Pruned, declare
from apps.staff.models import Login
from apps.staff.selectors import lock_out_time


def _failures(before: datetime) -> Iterable[QuerySet[AccessAttempt]]:
    """Those that lock nobody out any more."""
    over = min(before, timezone.now() - lock_out_time())
    return [AccessAttempt.objects.filter(attempt_time__lt=over).order_by("attempt_time")]


declare(
    Forever("auth_user", "Staff, until somebody deletes them."),
    Forever("auth_group", "Groups of staff."),
    Forever("auth_user_groups", "Who is in which group."),
    Forever("auth_user_user_permissions", "Users' permissions."),
    Forever("auth_group_permissions", "Groups' permissions."),
    Bounded("auth_permission", "One row for each permission that there is."),
    Pruned(
        "django_admin_log",
        "What the admin's forms changed; the audit tells it for good.",
        lambda before: [LogEntry.objects.filter(action_time__lt=before).order_by("action_time")],
        "ADMIN_HISTORY_KEPT_DAYS",
    ),
    Pruned(
        "staff_logins",
        "Staff's logins, until they are over.",
        lambda before: [Login.objects.filter(expire_date__lt=before).order_by("expire_date")],
    ),
    Bounded("staff_authenticators", "At most two rows for each user."),
    Bounded("staff_authenticator_secrets", "One row for each authenticator."),
    Bounded("staff_policy", "One row."),
    Bounded(
        "staff_failures", "Wrong sign-ins that the audit is told of within a minute: at most 51 rows for each kind."
    ),
    Bounded("staff_confirmation_tries", "At most one row for each user."),
    Bounded("staff_join_links", "At most one row for each user: the newest one-time link, until it is used."),
    Bounded("otp_static_staticdevice", "One row for each user with recovery codes."),
    Bounded("otp_static_statictoken", "A user's recovery codes: replaced together, deleted when used."),
    Pruned(
        "axes_accessattempt",
        "Wrong sign-ins, after they lock nobody out any more.",
        _failures,
        "LOGIN_FAILURES_KEPT_DAYS",
    ),
    Bounded("axes_accessattemptexpiration", "At most one row for each wrong sign-in: goes with it."),
    Bounded("axes_accessfailurelog", "Stays empty: the audit tells wrong sign-ins."),
    Bounded("axes_accesslog", "Stays empty: the audit tells who signed in."),
    Forever(
        "audit_entries",
        "Who did what. The database refuses to delete entries; so that they do not fill the disk, what repeats is "
        "merged where it is written. See Audit.",
    ),
)
