"""The one kind of failure that tgadmin.local tells a person about."""


class LocalError(Exception):
    """Something on this machine is missing or in the way. Its text is a whole sentence for a person."""


class NotRunning(LocalError):  # noqa: N818 - a state, no error of ours
    """No `up` runs on the DATA_DIR that was asked about."""
