#!/usr/bin/env python
"""Django's command line for tgadmin."""

import contextlib
import os
import sys

STANDALONE = {"up", "sandbox", "help", "version", "--help", "-h", "--version", "makemigrations"}
"""Commands that need neither a database nor keys."""


def main() -> None:
    if sys.argv[1:2] == ["up"]:
        from tgadmin.local import main as local  # without Django, which would only delay it

        local.main(sys.argv[2:])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tgadmin.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from tgadmin import env, priority

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    env.standalone = command in STANDALONE or "--help" in sys.argv
    if not env.standalone and not env.has_database():
        sys.stderr.write(f"{env.NOT_RUNNING}\n")
        sys.exit(1)
    if env.process():  # the gateway, the worker
        with contextlib.suppress(ImproperlyConfigured):  # the settings say so
            priority.lower_priority(env.background_niceness())
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
