"""What we rely on in Telethon that it does not promise: its version, and the source of each private that we use.

When this fails after an upgrade: read the change, see whether tgadmin/telegram/_telethon still holds, then pin again:
``python tests/telegram/test_telethon_contract.py`` prints the lines.
"""

import hashlib
import importlib
import inspect
from typing import Any

import pytest
import telethon
from telethon.network import MTProtoSender
from telethon.tl.alltlobjects import LAYER

from tgadmin.telegram._telethon import Box, Wire
from tgadmin.telegram._telethon.packets import State

pytestmark = pytest.mark.pure

PINNED = {
    "telethon._updates.messagebox.MessageBox.__init__": "1fc91bbd29565c13",
    "telethon._updates.messagebox.MessageBox.process_updates": "cf7bbc3891922a92",
    "telethon._updates.messagebox.MessageBox.apply_pts_info": "8ec0f3922359f616",
    "telethon._updates.messagebox.MessageBox.try_begin_get_diff": "9ced514abe6a6a6e",
    "telethon._updates.messagebox.MessageBox.set_state": "efb23fd44037c671",
    "telethon._updates.messagebox.MessageBox.get_difference": "d25647e0d60859f6",
    "telethon._updates.messagebox.PtsInfo": "6fdcce49fba558a3",
    "telethon._updates.messagebox.State": "07671bf7911bee8f",
    "telethon._updates.messagebox.PossibleGap": "90ab7781260aa4a5",
    "telethon._updates.messagebox.GapError": "688387b6510ea134",
    "telethon._updates.messagebox.epoch": "f490538b48c25a74",
    "telethon.network.mtprotosender.MTProtoSender.__init__": "6cbb11f06012202a",
    "telethon.network.mtprotosender.MTProtoSender.connect": "6a861c85fb238b80",
    "telethon.network.mtprotosender.MTProtoSender.disconnect": "ecbe2f8ab61250ef",
    "telethon.network.mtprotosender.MTProtoSender.send": "874d578d625efe36",
    "telethon.network.mtprotosender.MTProtoSender._connect": "41b5718a456aed4b",
    "telethon.network.mtprotosender.MTProtoSender._try_connect": "5b16998dcac8b9b5",
    "telethon.network.mtprotosender.MTProtoSender._try_gen_auth_key": "7ffe9d533fc06b7f",
    "telethon.network.mtprotosender.MTProtoSender._disconnect": "ea4d72ee562d49ee",
    "telethon.network.mtprotosender.MTProtoSender._reconnect": "51d41edb33502c39",
    "telethon.network.mtprotosender.MTProtoSender._start_reconnect": "4374687c4ead9a27",
    "telethon.network.mtprotosender.MTProtoSender._send_loop": "b70f0748e0c204c6",
    "telethon.network.mtprotosender.MTProtoSender._recv_loop": "0d06b0e9c825ada4",
    "telethon.network.mtprotosender.MTProtoSender._process_message": "033e1644e197ee40",
    "telethon.network.mtprotosender.MTProtoSender._handle_rpc_result": "42f56ff93df9edbb",
    "telethon.network.mtprotosender.MTProtoSender._handle_container": "a061bb4680bf3158",
    "telethon.network.mtprotosender.MTProtoSender._handle_update": "df4128579c0b7918",
    "telethon.network.mtprotosender.MTProtoSender._store_own_updates": "63005f679a566625",
    "telethon.network.mtprotosender.MTProtoSender._handle_pong": "7ef435fb15f18618",
    "telethon.network.mtprotosender.MTProtoSender._handle_bad_server_salt": "eea12135e3d11342",
    "telethon.network.mtprotosender.MTProtoSender._handle_bad_notification": "068b5d81f6ff821c",
    "telethon.network.mtprotosender.MTProtoSender._handle_ack": "fb273fc6fa584029",
    "telethon.network.mtprotostate.MTProtoState.__init__": "664d82b231e7996c",
    "telethon.network.mtprotostate.MTProtoState.decrypt_message_data": "19c36dcabb981a31",
    "telethon.network.mtprotoplainsender.MTProtoPlainSender": "d4f3bd0115753f27",
    "telethon.extensions.messagepacker.MessagePacker.__init__": "d26b27e2b772aeb8",
    "telethon.extensions.messagepacker.MessagePacker.append": "26ea98d7c355d238",
    "telethon.extensions.messagepacker.MessagePacker.get": "3884ce6a7f4fa39c",
    "telethon.extensions.binaryreader.BinaryReader": "f6571be47f2b2712",
    "telethon.network.requeststate.RequestState": "cf12cb6b46c61562",
    "telethon.network.mtprotostate.MTProtoState._calc_key": "721a6b131dddc3fe",
    "telethon.network.mtprotostate.MTProtoState._count_ignored": "b45e91b524d36b53",
    "telethon.network.mtprotostate.MTProtoState.update_time_offset": "b1449cb5a18dbd44",
    "telethon.network.mtprotostate.MTProtoState.write_data_as_message": "db3cd4d079ccc421",
    "telethon.network.mtprotostate.MTProtoState.encrypt_message_data": "66180398b117fbb5",
    "telethon.tl.core.tlmessage.TLMessage.__init__": "a6542d9d4e344f56",
    "telethon.crypto.authkey.AuthKey": "d926ae005e55b9ab",
    "telethon.crypto.rsa.add_key": "1e4d9f87caf400e7",
    "telethon.password.compute_check": "3c46f94008f74dcd",
}


def find(name: str) -> Any:
    """The object of a dotted name: a module, then attributes in it."""
    parts = name.split(".")
    for split in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:split]))
        except ModuleNotFoundError:
            continue
        for part in parts[split:]:
            found = inspect.getattr_static(found, part) if inspect.isclass(found) else getattr(found, part)
        return found
    raise LookupError(name)


def digest(name: str) -> str:
    return hashlib.sha256(inspect.getsource(find(name)).encode()).hexdigest()[:16]


def test_the_version_is_the_pinned_one() -> None:
    assert (telethon.__version__, LAYER) == ("1.45.0", 229)


@pytest.mark.parametrize("name", list(PINNED))
def test_the_source_is_the_one_that_was_read(name: str) -> None:
    assert digest(name) == PINNED[name], f"Telethon's {name} has changed: read it again"


@pytest.mark.parametrize("kind", [Box, Wire, State])
def test_what_is_overridden_is_there_and_pinned(kind: type) -> None:
    """An override of a method that Telethon no longer has would do nothing, in silence."""
    theirs = [base for base in kind.__mro__ if base.__module__.startswith("telethon")]
    private = [name for name in vars(kind) if name.startswith("_") and not name.startswith(("__", "_abc"))]
    overridden = [name for name in private if any(name in vars(base) for base in theirs)]
    expected = {
        "Box": {"_trace"},
        "Wire": {
            "_handle_rpc_result",
            "_store_own_updates",
            "_disconnect",
            "_send_loop",
            "_recv_loop",
            "_try_gen_auth_key",
            "_handle_pong",
            "_handle_bad_server_salt",
            "_handle_bad_notification",
        },
        "State": set(),
    }
    assert set(overridden) == expected[kind.__name__]


def test_telethons_names_are_not_taken_by_ours() -> None:
    """What Wire adds must not hide something that the sender uses itself."""
    source = inspect.getsource(MTProtoSender)
    theirs = {name for base in Wire.__mro__[1:] for name in vars(base)}
    added = {name for name in vars(Wire) if name not in theirs}
    added |= {"_tcp", "_allowed", "_timeout", "_pings", "_answering", "_pinger", "_last_ping", "_failing"}
    assert not [name for name in added if f"self.{name} " in source or f"self.{name}." in source]


if __name__ == "__main__":
    for pinned in PINNED:
        print(f'    "{pinned}": "{digest(pinned)}",')  # noqa: T201
