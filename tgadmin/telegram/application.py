"""How we introduce ourselves to Telegram on each new connection."""

from __future__ import annotations

import platform
from typing import Any

from telethon import functions as F  # noqa: N812

from tgadmin import __version__
from tgadmin.telegram.network import Network

DEVICE = "tgadmin"


def introduction(network: Network, *, updates: bool) -> Any:
    """initConnection with the first request inside; ``updates`` False: Telegram sends no updates on this connection."""
    request = F.InitConnectionRequest(
        api_id=network.api_id,
        device_model=DEVICE,
        system_version=f"{platform.system()} {platform.release()}".strip() or "unknown",
        app_version=__version__,
        system_lang_code="en",
        lang_pack="",  # of official applications only
        lang_code="en",
        query=F.help.GetConfigRequest(),
    )
    return request if updates else F.InvokeWithoutUpdatesRequest(request)
