"""An embedded server as the supervisor sees it."""

from collections.abc import Callable

from tgadmin.local.postgres import Postgres
from tgadmin.local.valkey import Valkey


class Server:
    """Keeps the address that the programs were given; `moved` is called if the server came back under another."""

    def __init__(self, name: str, server: Postgres | Valkey, moved: Callable[[], None]) -> None:
        self.name = name
        self.url = ""
        self._server = server
        self._moved = moved

    @property
    def pid(self) -> int | None:
        return self._server.pid

    def launch(self) -> None:
        """Begin to start; several servers start at once."""
        self._server.launch()

    def ready(self) -> None:
        """Wait until it answers."""
        self.url = self._server.ready()

    def start(self) -> None:
        before = self.url
        self.launch()
        self.ready()
        if self.url != before:
            self._moved()

    def exit_status(self) -> int | None:
        return self._server.exit_status()

    def stop(self) -> None:
        self._server.stop()
