"""The one kind of failure that tgadmin.local tells a person about."""


class LocalError(Exception):
    """Something on this machine is missing or in the way. Its text is one whole sentence for the person at the keyboard."""


class NotRunning(LocalError):
    """No `up` runs on the DATA_DIR that was asked about."""
