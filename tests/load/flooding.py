"""The flood as a process of its own, so that its work is not the browser's: ``python -m tests.load.flooding PORT
SECONDS NAME…``. Prints the bytes that were sent."""

from __future__ import annotations

import asyncio
import sys

from tests.load.flood import ENTRY_POINTS, flood


async def run(port: int, seconds: float, names: list[str]) -> int:
    tasks = [asyncio.create_task(flood(port, ENTRY_POINTS[name])) for name in names]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    return sum(await asyncio.gather(*tasks))


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(run(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))}\n")
