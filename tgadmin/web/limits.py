"""What a client may take of the web process, and for how long. docs/configuration.md names the variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KIB, MIB = 1 << 10, 1 << 20


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    body: int = 8 * MIB
    """A request's body; larger ones are refused with 413."""
    larger_bodies: Mapping[str, int] = field(default_factory=dict)
    """Prefix of a path, as the application sees it -> the bodies that are taken there. The longest prefix counts."""
    body_seconds: float = 30.0
    body_rate: int = 4 * KIB
    """A body has arrived after ``body_seconds``, and as much longer as its bytes take at ``body_rate`` a second."""
    header_seconds: float = 10.0
    """From a connection's, or a further request's, beginning to the end of its headers."""
    header_bytes: int = 16 * KIB
    headers: int = 100
    idle_seconds: float = 60.0
    """A connection without a request is kept for so long."""
    read_seconds: float = 30.0
    read_rate: int = 256
    """A client that has something to read takes ``read_rate`` bytes a second at least, over ``read_seconds``."""
    connections: int = 2000
    connections_per_address: int = 200
    """Of one client; 0: not counted (proxies of ours stand in front, and count)."""
    stored: int = 512 * MIB
    """Bodies on their way, of all connections."""
    queued: int = 32 * MIB
    """Answers that slow readers have yet to take, of all connections."""
    anonymous: int = 2
    """Requests of people who are not signed in that are worked on at once; of those that change something half as
    many. Others wait, in turns by address, for ``wait_seconds`` at most."""
    unknown: int = 20
    """Likewise of those who show a login's cookie that is not known yet, as after a restart."""
    wait_seconds: float = 10.0
    close_seconds: float = 10.0
    """The application may go on for so long after its client has left; then it is cancelled."""
    frame: int = 64 * KIB
    """A frame that a WebSocket client sends, and a message of several frames. What the server sends is not limited."""
    frame_rate: float = 50.0
    frame_burst: float = 200.0
    """Frames of any kind (fragments, pings) a second, and at once, that a WebSocket client may send."""

    def body_of(self, path: str) -> int:
        """The largest body that is taken at this path (decoded, without its query)."""
        found = [prefix for prefix in self.larger_bodies if path.startswith(prefix)]
        return max(self.body, self.larger_bodies[max(found, key=len)]) if found else self.body
