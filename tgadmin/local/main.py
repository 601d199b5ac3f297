"""The command line of `manage.py up`, read without Django, whose import would delay everything by half a second."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from tgadmin.local.launcher import Options, run

BASE = Path(__file__).resolve().parent.parent.parent
HELP = (
    "Run everything: embedded PostgreSQL and Valkey unless DATABASE_URL / REDIS_URL are set, the sandbox unless "
    "TELEGRAM_API_ID is, web, gateway and worker as in the Procfile. Ctrl-C stops it."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `up`."""
    parser.add_argument("--port", type=_port, default=8000, help="port of the web pages (8000)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address that they are served on (127.0.0.1: this machine only)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line for programs")


def start(host: str, port: int, as_json: bool) -> int:
    """Run `up` in this process; its exit status."""
    data_dir = Path(os.environ.get("DATA_DIR") or BASE / "var")
    return run(Options(base=BASE, data_dir=data_dir, host=host, port=port, json=as_json))


def main(arguments: Sequence[str]) -> NoReturn:
    """`manage.py up ARGUMENTS`."""
    parser = argparse.ArgumentParser(prog="manage.py up", description=HELP)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    sys.exit(start(options.host, options.port, options.json))


def _port(text: str) -> int:
    if text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
