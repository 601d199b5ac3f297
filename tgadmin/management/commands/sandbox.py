"""`manage.py sandbox`: a Telegram data centre on this machine, for trying the product and for testing it."""

import argparse
import asyncio
import ipaddress
import json
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError, CommandParser

from tgadmin.local.paths import write_json
from tgadmin.management.plain import PlainCommand

if TYPE_CHECKING:
    from sandbox.demo import Script
    from sandbox.server import Sandbox


class Command(PlainCommand):
    """Parses, runs one `Sandbox` until it is told to stop, reports. Needs no database and no keys."""

    help = (
        "A Telegram data centre of its own (real MTProto over TCP) on loopback; DC n listens on port + n - 1. "
        "Prints its address and where its public key lies, runs until Ctrl-C or SIGTERM."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", type=_loopback, default="127.0.0.1", help="a loopback address (127.0.0.1)")
        parser.add_argument("--port", type=_port, default=0, help="of DC 1; 0, the default, takes a free one")
        parser.add_argument("--dcs", type=_count, default=1, help="how many data centres (1)")
        parser.add_argument(
            "--state", help="SQLite file that keeps everything; without it nothing outlives the process"
        )
        parser.add_argument("--public-key", help="file to write the RSA public key (PEM) to; default: beside the state")
        parser.add_argument("--codes", help='file that gets {"phone", "code"} as a JSON line for each sign-in code')
        parser.add_argument(
            "--control-port", type=_port, default=0, help="of the HTTP/JSON API that tests use; 0: free"
        )
        parser.add_argument(
            "--demo",
            metavar="FILE",
            help="make the demo's world, let its contacts write and answer; its phones and passwords are written there",
        )
        parser.add_argument("--proxies", action="store_true", help="a SOCKS5 proxy and an MTProxy in front, for tests")
        parser.add_argument("--seed", type=int, help="makes the world's randomness reproducible")
        parser.add_argument("--json", action="store_true", help="print one JSON line for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        from sandbox.store import StoreInUseError

        try:
            asyncio.run(self._run(options))
        except (StoreInUseError, OSError, ValueError) as error:
            raise CommandError(str(error)) from error

    async def _run(self, options: dict[str, Any]) -> None:
        from sandbox.server import Sandbox

        paths = _Paths.of(options)
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        sandbox = Sandbox(
            host=options["host"],
            port=options["port"],
            dcs=options["dcs"],
            state=options["state"],
            codes_path=str(paths.codes),
            seed=options["seed"],
            control=True,
            control_port=options["control_port"],
            control_token_path=str(paths.control_token),
        )
        script = _demo(sandbox, Path(options["demo"]), paths.codes) if options["demo"] else None
        try:
            await sandbox.start()
            if options["proxies"]:
                await sandbox.fronts.start()
            if script is not None:
                script.start()
            paths.write_public_key(sandbox.public_key_pem)
            facts = {
                "host": sandbox.host,
                "port": sandbox.port,
                "dcs": {str(dc): sandbox.port + dc - 1 for dc in range(1, sandbox.dcs + 1)},
                "public_key": str(paths.public_key),
                "codes": str(paths.codes),
                "state": options["state"],
                "control": f"http://{sandbox.host}:{sandbox.control_port}",
                "control_token": str(paths.control_token),
                "proxies": sandbox.fronts.links() if options["proxies"] else {},
                "pid": os.getpid(),
            }
            self.stdout.write(json.dumps(facts) if options["json"] else _for_people(facts))
            self.stdout.flush()
            await stop.wait()
        finally:
            if script is not None:
                await script.stop()
            await sandbox.stop()
            paths.clear()


class _Paths:
    """Where the command's files lie."""

    def __init__(self, public_key: Path, codes: Path, control_token: Path, temporary: Path | None) -> None:
        self.public_key = public_key
        self.codes = codes
        self.control_token = control_token
        self._temporary = temporary

    @classmethod
    def of(cls, options: dict[str, Any]) -> "_Paths":
        """What was asked for; else beside the state; else in a new directory that only its owner can enter."""
        if options["state"]:
            folder = Path(options["state"]).absolute().parent
            folder.mkdir(parents=True, exist_ok=True)
            prefix, temporary = Path(options["state"]).name, None
        else:
            folder = temporary = Path(tempfile.mkdtemp(prefix="tgadmin-sandbox-"))
            prefix = "sandbox"
        public_key = Path(options["public_key"] or folder / f"{prefix}.public-key.pem").absolute()
        codes = Path(options["codes"] or folder / f"{prefix}.codes.jsonl").absolute()
        for path in (public_key, codes):
            path.parent.mkdir(parents=True, exist_ok=True)
        return cls(public_key, codes, folder / f"{prefix}.control-token", temporary)

    def write_public_key(self, pem: str) -> None:
        """In one step: whoever waits for the file must not read half of it."""
        draft = self.public_key.with_name(f"{self.public_key.name}.{os.getpid()}")
        draft.write_text(pem, encoding="ascii")
        draft.replace(self.public_key)

    def clear(self) -> None:
        """A directory that was made for this run goes with it."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)


def _demo(sandbox: "Sandbox", file: Path, codes: Path) -> "Script":
    """The demo's world, made if it is not there yet, and its contacts; what its user has to know goes to `file`."""
    from sandbox import demo

    phones = demo.build(sandbox.world)
    greets = demo.greeting(sandbox.world)
    write_json(file, {"phones": phones, "passwords": demo.PASSWORDS, "codes": str(codes), "greets": greets})
    return demo.Script(sandbox.world)


def _for_people(facts: dict[str, Any]) -> str:
    centres = ", ".join(f"DC {dc} on {facts['host']}:{port}" for dc, port in facts["dcs"].items())
    return (
        f"Telegram sandbox: {centres}\n"
        f"Public key:       {facts['public_key']}\n"
        f"Sign-in codes:    {facts['codes']}\n"
        f"State:            {facts['state'] or 'in memory only'}\n"
        f"Control API:      {facts['control']} (token in {facts['control_token']})\n"
        + "".join(f"Proxy:            {link}\n" for link in facts["proxies"].values())
        + "Ctrl-C stops it."
    )


def _port(text: str) -> int:
    if text.isdigit() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")


def _count(text: str) -> int:
    if text.isdigit() and 1 <= int(text) <= 10:
        return int(text)
    raise argparse.ArgumentTypeError("a number from 1 to 10")


def _loopback(text: str) -> str:
    try:
        if ipaddress.ip_address(text).is_loopback:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError("a loopback address, as 127.0.0.1")
