"""Signals by which apps above this one take part in a sign-in."""

from __future__ import annotations

from django.dispatch import Signal

account_signed_in = Signal()
"""Sent with ``session`` (Session) and ``profile`` (tgadmin.core.types.Peer) inside the transaction that stores a
sign-in; a receiver that raises undoes it."""
