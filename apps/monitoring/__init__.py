"""Monitoring: health, the overview."""
