"""What is kept of monitoring's tables."""

from __future__ import annotations

from apps.sessions.services.retention import Forever, declare

declare(
    Forever(
        "audit_entries",
        "Who did what. The database refuses to delete entries; so that they do not fill the disk, what repeats is "
        "merged where it is written. See Audit.",
    ),
)
