"""Structured logs: one line per event, ``event key=value …``, through Django's logging.

No text, phone or secret is ever among the values: callers give ids, codes and counts.
"""

from __future__ import annotations

import structlog


def configure() -> None:
    """For this process; Django's LOGGING says where the lines go."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.KeyValueRenderer(key_order=["event"], drop_missing=True),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
