"""Django's app for static files, with what no browser ever asks for left out."""

from __future__ import annotations

from django.contrib.staticfiles.apps import StaticFilesConfig


class StaticFilesApp(StaticFilesConfig):
    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        "*.d.ts",
        "*.md",
        "*.txt",
        "LICENSE*",
        "chart.js",
    ]
