"""Which gateway may connect which session."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Node(models.Model):
    """A gateway process, as it registered itself. ``boot_id``, ``pid``, ``pid_started`` prove its death on its host."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=64)
    network = models.CharField(max_length=32, blank=True, help_text="The network whose sessions it takes.")
    host = models.CharField(max_length=255)
    boot_id = models.CharField(max_length=64, blank=True)
    pid = models.IntegerField()
    pid_started = models.FloatField()
    version = models.CharField(max_length=32, blank=True)
    capacity = models.PositiveIntegerField(default=1000)
    stopping = models.BooleanField(
        default=False, db_default=False, help_text="It hands its sessions over and takes none any more."
    )
    started_at = models.DateTimeField(default=timezone.now)
    beat = models.BigIntegerField(default=0)
    beat_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "gateway_nodes"
        verbose_name = "gateway"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Lease(models.Model):
    """The right of ``owner`` to connect the session; ``fence`` grows at each take-over. A row without owner is free."""

    session = models.OneToOneField(
        "tg_sessions.Session", primary_key=True, on_delete=models.CASCADE, related_name="lease"
    )
    owner = models.ForeignKey(Node, null=True, blank=True, on_delete=models.SET_NULL, related_name="leases")
    fence = models.BigIntegerField(default=0)
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "telegram_leases"

    def __str__(self) -> str:
        return f"lease of {self.session_id}, fence {self.fence}"
