"""Where the web process is reached: the port is asked about before anything starts."""

import socket

from tgadmin.local.errors import LocalError
from tgadmin.local.ports import LOOPBACK, is_free, next_free

WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - recognised, never a default
LOCAL_NAMES = "localhost,127.0.0.1,[::1]"


def reach(host: str) -> str:
    """The host under which this machine itself reaches a server that listens on `host`."""
    return LOOPBACK if host in WILDCARDS else host


def address(host: str, port: int) -> str:
    """The URL for a browser on this machine."""
    name = reach(host)
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/"


def check_port(host: str, port: int) -> None:
    """Refuse a port that is taken, and name one that is free."""
    try:
        socket.getaddrinfo(host or None, port)
    except OSError:
        raise LocalError(f"--host {host} is no address of this machine.") from None
    if not is_free(port, host):
        free = next_free(port, host)
        advice = f"try --port {free}" if free else "choose another with --port"
        raise LocalError(f"Port {port} on {host} is taken or not allowed: {advice}.")


def allowed_hosts(host: str) -> str | None:
    """ALLOWED_HOSTS for a server on that address; None if only the user can know (it listens everywhere)."""
    return None if host in WILDCARDS else f"{LOCAL_NAMES},{host}"
