"""Signals by which apps above this one take part in its transactions."""

from __future__ import annotations

from django.dispatch import Signal

audited = Signal()
"""Something was done that must be told later. Sent inside the transaction that does it, with ``actor`` (User; None:
nobody who is signed in), ``action`` (a dotted code, as "session.renamed"), ``session`` (Session or None) and
``details`` (a dict that JSON can hold, without secrets, codes, phones, message text).

Services send it by ``services.audit.audit``; monitoring keeps it."""

account_signed_in = Signal()
"""Sent with ``session`` (Session) and ``profile`` (tgadmin.core.types.Peer) inside the transaction that stores a
sign-in; a receiver that raises undoes it."""
