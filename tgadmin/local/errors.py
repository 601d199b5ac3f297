"""The one kind of failure that tgadmin.local tells a person about."""


class LocalError(Exception):
    """Something on this machine is missing or in the way. ``message`` is a whole sentence for a person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotRunning(LocalError):
    """No `up` runs on the DATA_DIR that was asked about."""
