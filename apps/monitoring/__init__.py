"""Monitoring: health, audit."""
