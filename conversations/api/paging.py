"""Pages of a list: ``{"items", "next"}``, by opaque cursors that survive inserts."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any, Generic, TypeVar

from ninja import Query, Schema
from pydantic import Field

from ..problems import Problem

Item = TypeVar("Item")


class Page(Schema, Generic[Item]):
    items: list[Item]
    #: The ``cursor`` of the next page; null on the last one.
    next: str | None = None


class Paging(Schema):
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: str = ""

    def key(self, *types: type) -> list[Any] | None:
        """The sort key this page begins behind. Raises :class:`Problem` 422 for a strange one."""
        if not self.cursor:
            return None
        try:
            key = json.loads(base64.urlsafe_b64decode(self.cursor.encode()))
            if not isinstance(key, list) or [type(value) for value in key] != list(types):
                raise ValueError("another list's cursor")
        except (ValueError, binascii.Error, RecursionError) as error:
            message = "This is not a cursor of this list. Start without one."
            raise Problem(422, errors=[{"field": "cursor", "message": message}]) from error
        return key


def cursor_of(*key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


PagingQuery = Annotated[Paging, Query(...)]
