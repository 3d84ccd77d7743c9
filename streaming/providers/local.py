"""Servers on this machine that may or may not be running."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from urllib.parse import urlsplit

#: Seconds for a server on this machine to accept a connection.
ANSWER_S = 0.5


def is_local(base_url: str) -> bool:
    """Whether the address names this machine."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


async def answers(base_url: str) -> bool:
    """Whether anything accepts connections there."""
    address = urlsplit(base_url)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(address.hostname, port)
    except OSError:  # TimeoutError is one
        return False
    writer.close()
    return True
