"""The sandbox as a child of `up`: its command, its files in DATA_DIR, the TELEGRAM_* that lead the gateway to it."""

import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tgadmin.local.paths import DataDir, read_json, write_json
from tgadmin.local.ports import LOOPBACK, answers, free_port
from tgadmin.local.programs import Programs

FIRST_DC = 1


@dataclass(frozen=True)
class DataCentre:
    """Where one DATA_DIR's sandbox listens and keeps its world. Its ports stay the same over restarts."""

    data: DataDir
    port: int
    control_port: int
    api_id: int
    api_hash: str
    codes: Path
    programs: Programs

    @classmethod
    def of(cls, data: DataDir, programs: Programs) -> "DataCentre":
        noted = read_json(data.ports) or {}
        port = free_port(noted.get("sandbox"))
        control = free_port(noted.get("sandbox_control"))
        while control == port:
            control = free_port()
        api_id = noted.get("api_id") or secrets.randbelow(9_000_000) + 1_000_000
        api_hash = noted.get("api_hash") or secrets.token_hex(16)
        wanted = {"sandbox": port, "sandbox_control": control, "api_id": api_id, "api_hash": api_hash}
        if wanted != noted:
            write_json(data.ports, wanted)
        codes = programs.empty("codes.jsonl") or data.sandbox / "codes.jsonl"
        return cls(data, port, control, api_id, api_hash, codes, programs)

    @property
    def state(self) -> Path:
        return self.data.sandbox / "world.sqlite"

    @property
    def public_key(self) -> Path:
        return self.data.sandbox / "public-key.pem"

    @property
    def command(self) -> list[str]:
        options = {
            "--port": self.port,
            "--control-port": self.control_port,
            "--state": self.state,
            "--public-key": self.public_key,
            "--codes": self.codes,
            "--demo": self.data.demo,
        }
        return [sys.executable, "manage.py", "sandbox", *(str(word) for pair in options.items() for word in pair)]

    @property
    def environment(self) -> dict[str, str]:
        """What leads a gateway here, once the sandbox has written its files."""
        return {
            "TELEGRAM_API_ID": str(self.api_id),
            "TELEGRAM_API_HASH": self.api_hash,
            "TELEGRAM_DC": f"{FIRST_DC}@{LOOPBACK}:{self.port}",
            "TELEGRAM_DC_PUBLIC_KEY": str(self.programs.share(self.public_key)),
            "TGADMIN_DEMO_FILE": str(self.programs.share(self.data.demo)),
        }

    def has_written(self) -> bool:
        """Whether the files are there that `environment` names."""
        return self.public_key.exists() and self.data.demo.exists()

    def answers(self) -> bool:
        """Whether it listens and has written its key."""
        return self.public_key.exists() and answers(self.port)

    def facts(self) -> dict[str, Any]:
        """What tests and commands on this machine may know of it."""
        return {
            "port": self.port,
            "control": f"http://{LOOPBACK}:{self.control_port}",
            "control_token": str(self.state.with_name(f"{self.state.name}.control-token")),
            "state": str(self.state),
            "public_key": str(self.public_key),
            "codes": str(self.codes),
        }
