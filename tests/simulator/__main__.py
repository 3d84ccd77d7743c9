"""``python -m tests.simulator --port 0`` prints ``{"port": …}`` and serves until it is ended."""

from __future__ import annotations

import argparse
import asyncio
import json

from .server import Server


async def main(port: int) -> None:
    server = await Server.start(port)
    print(json.dumps({"port": server.port}), flush=True)
    await server.forever()


parser = argparse.ArgumentParser(prog="tests.simulator", description=__doc__)
parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
asyncio.run(main(parser.parse_args().port))
