"""NOTIFY: PostgreSQL tells every connection that listens, when the transaction is committed."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connection

from .base import Bell, Heard, News

CHANNEL = "unbroken"
#: How often a silent connection is asked whether it still lives.
ASK_S = 15.0


class PostgresBell(Bell):
    """One NOTIFY for each ring, in the transaction of the news itself.

    Listens on a connection of its own, which must be one to PostgreSQL itself or to a pooler in
    session mode.
    """

    def ring(self, news: News) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, news.write(self.name)])

    async def _hear(self, heard: Heard) -> None:
        line = await psycopg.AsyncConnection.connect(**_parameters(), autocommit=True)
        async with line:
            await line.execute(f"LISTEN {CHANNEL}")
            self._connected(heard)
            while True:
                async for message in line.notifies(timeout=ASK_S):
                    sender, news = News.read(message.payload)
                    if sender != self.name:
                        heard(news)
                await line.execute("SELECT 1")


def _parameters() -> dict[str, Any]:
    """Django's own connection parameters, without its ways to make objects of rows."""
    parameters = connection.get_connection_params()
    for name in ("context", "cursor_factory"):
        parameters.pop(name, None)
    return {**parameters, "application_name": "unbroken bell"}
