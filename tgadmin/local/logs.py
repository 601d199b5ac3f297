"""The children's log files in DATA_DIR/logs: kept small, and their last lines for a person who asks why."""

import shutil
from pathlib import Path

LARGEST_BYTES = 20 * 1024 * 1024


def keep_small(log: Path, largest: int = LARGEST_BYTES) -> bool:
    """Move what a too large file holds to NAME.log.1 and go on in the emptied file; True if that was done.

    The writer keeps its file open in append mode, so the file is copied and cut, not renamed.
    """
    if not log.exists() or log.stat().st_size <= largest:
        return False
    older = log.with_name(f"{log.name}.1")
    older.unlink(missing_ok=True)
    older.touch(mode=0o600)
    shutil.copyfile(log, older)
    with log.open("r+b") as stream:
        stream.truncate(0)
    return True


def last_lines(log: Path, since: int = 0, count: int = 12) -> list[str]:
    """The last lines that were written after byte `since`."""
    try:
        with log.open("rb") as stream:
            end = stream.seek(0, 2)
            stream.seek(max(since if since <= end else 0, end - 16 * 1024))
            text = stream.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]


def reason(lines: list[str]) -> str:
    """Why a Django command gave up: the failed system checks with their hints, else its last line."""
    if "ERRORS:" in lines:
        checks = [line.strip() for line in lines[lines.index("ERRORS:") + 1 :] if line.startswith(("?:", "\tHINT:"))]
        if checks:
            return " ".join(line.removeprefix("?: ").removeprefix("HINT: ") for line in checks)
    return lines[-1].removeprefix("CommandError: ").strip() if lines else "it said nothing."


def size(log: Path) -> int:
    """In bytes; 0 if there is no such file."""
    return log.stat().st_size if log.exists() else 0
