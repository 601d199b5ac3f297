"""Where each of the staff was last on the live pages."""

from __future__ import annotations

from django.db import models


class LivePlace(models.Model):
    """The account (None: the list over all of them) and the chat (None: the list alone) that a user showed last.

    No foreign keys: nothing depends on a row, whoever reads it asks whether it is still there and may be seen."""

    user_id = models.BigIntegerField(primary_key=True)
    session_id = models.BigIntegerField(null=True)
    chat_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "live_places"

    def __str__(self) -> str:
        return str(self.user_id)
