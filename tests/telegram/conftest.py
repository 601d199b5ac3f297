"""A sandbox in this process, accounts signed in to it, and a store that commits what its inbox was given."""

import asyncio
import dataclasses
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812

from sandbox.protocol.rsa import RsaKey
from sandbox.server import Sandbox
from tgadmin.core import types as core
from tgadmin.core.types import Incoming
from tgadmin.telegram import AccountClient, Key, Network, SignInClient, SinkFull
from tgadmin.telegram.client.dialogs import first_state
from tgadmin.telegram.convert import channel_pts

API_HASH = "0" * 32


@pytest.fixture(scope="session")
def rsa_key(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """(path of the private key, public key as PEM): one for all sandboxes of a run, since Telethon forgets none."""
    key = RsaKey.generate()
    path = tmp_path_factory.mktemp("rsa") / "key.pem"
    path.write_bytes(key.private_pem)
    public = key.public_pem
    return str(path), public if isinstance(public, str) else public.decode("ascii")


@pytest.fixture
async def sandbox(rsa_key: tuple[str, str], tmp_path: Path) -> AsyncIterator[Sandbox]:
    server = Sandbox(rsa_key_path=rsa_key[0], codes_path=str(tmp_path / "codes.jsonl"), seed=1)
    async with server:
        yield server


@pytest.fixture
def network(sandbox: Sandbox, rsa_key: tuple[str, str]) -> Network:
    return Network(1, API_HASH, (1, sandbox.host, sandbox.port), rsa_key[1])


def last_code(sandbox: Sandbox, phone: str) -> str:
    """The last code that the data centre sent to a phone."""
    assert sandbox.codes_path is not None
    lines = [json.loads(line) for line in Path(sandbox.codes_path).read_text().splitlines()]
    return str(next(line["code"] for line in reversed(lines) if line["phone"] == phone.lstrip("+")))


@dataclass(frozen=True)
class SignedIn:
    """An account that is signed in: what is stored of it."""

    key: Key
    user_id: int
    access_hash: int
    checkpoint: core.Checkpoint


@pytest.fixture
def sign_in(sandbox: Sandbox, network: Network) -> Callable[[str], Awaitable[SignedIn]]:
    """Signs an account in (a new one if need be), the way the product does."""

    async def run(phone: str) -> SignedIn:
        if sandbox.world.accounts.by_phone(phone) is None:
            sandbox.world.accounts.create(phone, f"User {phone[-2:]}")
        sandbox.world.logins.limits.service_messages = False  # tests count messages
        client = SignInClient(network, None)
        await client.connect()
        sent = await client.send_code(phone)
        profile = await client.sign_in(phone, sent.hash, last_code(sandbox, phone))
        checkpoint = await _state(client)
        await client.disconnect()
        return SignedIn(client.key, profile.id, profile.access_hash or 0, checkpoint)

    return run


async def _state(client: SignInClient) -> core.Checkpoint:
    """As it is stored once the list of chats has been read: with the pts of its channels."""
    state = await first_state(client._call)
    chats = await client._call(F.messages.GetDialogsRequest(None, 0, T.InputPeerEmpty(), 100, hash=0))
    channels = {core.CHANNEL_MARK - channel_id: pts for channel_id, pts in channel_pts(chats).items()}
    return dataclasses.replace(state, channels=channels)


class Store:
    """What a database would hold: messages by box and id, read marks, peers, the checkpoint. Notes repetitions."""

    def __init__(self, signed_in: SignedIn) -> None:
        self.account = signed_in
        self.checkpoint = signed_in.checkpoint
        self.messages: dict[tuple[int, int], core.Message] = {}
        self.peers: dict[int, core.Peer] = {}
        self.assigned: dict[int, int] = {}
        self.read_inbox: dict[int, int] = {}
        self.read_outbox: dict[int, int] = {}
        self.changes: list[core.Change] = []
        self.twice: list[tuple[int, int]] = []
        self.unmatched_edits: list[tuple[int, int]] = []

    def apply(self, incoming: Incoming) -> None:
        for peer in incoming.peers:
            if not peer.partial or peer.id not in self.peers:
                self.peers[peer.id] = peer
        for change in incoming.changes:
            self.changes.append(change)
            self._apply(change)
        if (state := incoming.checkpoint) is not None:
            channels = {**self.checkpoint.channels, **state.channels}
            self.checkpoint = core.Checkpoint(state.pts, state.qts, state.date, state.seq, channels)

    def _apply(self, change: core.Change) -> None:
        match change:
            case core.NewMessage(message):
                self._put(message, self.twice, expected=False)
            case core.SentShort(random_id, message):
                self.assigned[random_id] = message.id
                self._put(message, self.twice, expected=False)
            case core.MessageEdited(message):
                self._put(message, self.unmatched_edits, expected=True)
            case core.MessagesDeleted(box, ids):
                for message_id in ids:
                    self.messages.pop((box, message_id), None)
            case core.MessageIdAssigned(random_id, message_id):
                self.assigned[random_id] = message_id
            case core.ReadInbox(peer_id, max_id):
                self.read_inbox[peer_id] = max(max_id, self.read_inbox.get(peer_id, 0))
            case core.ReadOutbox(peer_id, max_id):
                self.read_outbox[peer_id] = max(max_id, self.read_outbox.get(peer_id, 0))

    def _put(self, message: core.Message, surprises: list[tuple[int, int]], *, expected: bool) -> None:
        key = (core.box_of(message.peer_id), message.id)
        if (key in self.messages) is not expected:
            surprises.append(key)
        self.messages[key] = message

    def of(self, kind: type) -> list[Any]:
        return [change for change in self.changes if isinstance(change, kind)]

    def snapshot(self) -> dict[int, list[dict[str, Any]]]:
        """The messages as the sandbox's world gives them."""
        found: dict[int, list[dict[str, Any]]] = {}
        for _, message in sorted(self.messages.items()):
            found.setdefault(message.peer_id, []).append(
                {
                    "id": message.id,
                    "date": int(message.date.timestamp()),
                    "out": message.out,
                    "from": message.sender_id,
                    "text": message.text,
                    "edit_date": int(message.edit_date.timestamp()) if message.edit_date else None,
                    "reply_to": message.reply_to_id,
                }
            )
        return {peer: sorted(rows, key=lambda row: row["id"]) for peer, rows in found.items()}

    async def lookup(self, peer_id: int) -> tuple[core.PeerKind, int | None] | None:
        peer = self.peers.get(peer_id)
        return None if peer is None else (peer.kind, peer.access_hash)

    def channel_hashes(self) -> dict[int, int]:
        channels = [each for each in self.peers.values() if core.is_channel(each.id)]
        return {each.id: each.access_hash for each in channels if each.access_hash}


class MemoryInbox:
    """Commits prefixes of what it was given into a Store, all at once or as told."""

    def __init__(self, store: Store, *, at_once: bool = True, limit: int | None = None) -> None:
        self.store = store
        self.at_once = at_once
        self.limit = limit
        self.waiting: deque[tuple[Incoming, asyncio.Future[None]]] = deque()
        self.refused = 0
        self._moved = asyncio.Event()

    def put(self, incoming: Incoming) -> asyncio.Future[None]:
        if self.limit is not None and len(self.waiting) >= self.limit:
            self.refused += 1
            raise SinkFull
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((incoming, future))
        if self.at_once:
            self.commit()
        self._moved.set()
        return future

    def commit(self, most: int | None = None) -> None:
        for _ in range(len(self.waiting) if most is None else min(most, len(self.waiting))):
            incoming, future = self.waiting.popleft()
            self.store.apply(incoming)
            future.set_result(None)
        self._moved.set()

    async def until(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        """Wait until the condition holds; looks again after each entry."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._moved.clear()
                await self._moved.wait()


Make = Callable[..., AccountClient]


def build(network: Network, store: Store, inbox: Any, **options: Any) -> AccountClient:
    """A client from what a store holds; whoever makes it disconnects it."""
    account = store.account
    return AccountClient(
        network,
        account.key,
        me=(account.user_id, account.access_hash),
        checkpoint=options.pop("checkpoint", store.checkpoint),
        channel_hashes=store.channel_hashes(),
        lookup=store.lookup,
        sink=inbox,
        **options,
    )


@pytest.fixture
async def account_client(network: Network) -> AsyncIterator[Make]:
    """Makes clients from what a store holds; disconnects them at the end."""
    made: list[AccountClient] = []

    def make(store: Store, inbox: Any, **options: Any) -> AccountClient:
        made.append(build(network, store, inbox, **options))
        return made[-1]

    yield make
    for client in made:
        await client.disconnect()
