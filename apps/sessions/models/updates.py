"""The update checkpoint, per account and per channel."""

from __future__ import annotations

from django.db import models

from apps.sessions.models.session import Session


class UpdateState(models.Model):
    """Telegram's update state up to which everything is stored; committed together with what it covers."""

    session = models.OneToOneField(Session, primary_key=True, on_delete=models.CASCADE, related_name="update_state")
    pts = models.BigIntegerField()
    qts = models.BigIntegerField()
    date = models.BigIntegerField(help_text="Telegram's Unix time, seconds.")
    seq = models.BigIntegerField(help_text="Belongs to the auth key, unlike the others.")

    class Meta:
        db_table = "telegram_update_states"

    def __str__(self) -> str:
        return f"pts {self.pts}"


class ChannelState(models.Model):
    """A channel's pts, by marked id."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="channel_states")
    peer_id = models.BigIntegerField()
    pts = models.BigIntegerField()

    class Meta:
        db_table = "telegram_channel_states"
        constraints = (models.UniqueConstraint(fields=("session", "peer_id"), name="channel_state_once"),)

    def __str__(self) -> str:
        return f"pts {self.pts}"
