"""The one kind of failure that tgadmin.local tells a person about."""


class LocalError(Exception):
    """Something on this machine is missing or in the way. ``says`` is a whole sentence for a person."""

    def __init__(self, says: str) -> None:
        super().__init__(says)
        self.says = says


class NotRunning(LocalError):
    """No `up` runs on the DATA_DIR that was asked about."""
