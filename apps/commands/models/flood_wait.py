"""The ledger of flood waits."""

from __future__ import annotations

from django.db import models


class FloodWait(models.Model):
    """Telegram's "not before": of a method for a whole account, or in one chat (slow mode; ``peer_id`` 0 = account)."""

    session = models.ForeignKey("tg_sessions.Session", on_delete=models.CASCADE, related_name="flood_waits")
    method = models.CharField(max_length=64)
    peer_id = models.BigIntegerField(default=0)
    until = models.DateTimeField()
    code = models.CharField(max_length=64)
    noted_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "telegram_flood_waits"
        constraints = (models.UniqueConstraint(fields=("session", "method", "peer_id"), name="flood_wait_once"),)
        indexes = (models.Index(fields=("until",), name="flood_wait_until"),)

    def __str__(self) -> str:
        return self.method
