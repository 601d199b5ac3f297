"""The Django project, and the part of tgadmin that knows no framework."""

__version__ = "0.1.0"
"""The only place that says it: pyproject.toml, the gateway's row and what Telegram shows among devices read it here."""
