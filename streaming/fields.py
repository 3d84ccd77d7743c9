"""JSON that may hold any text, NUL included: PostgreSQL's jsonb refuses ``\\u0000``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import models

from .events import dumps

if TYPE_CHECKING:
    TextField = models.TextField[Any, Any]
else:
    TextField = models.TextField


class JSONTextField(TextField):
    """A JSON value in a text column. ``None`` is NULL; queries compare whole values only."""

    if TYPE_CHECKING:
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, *_: object) -> Any:
        return None if value is None else json.loads(value)

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else dumps(value)

    def value_to_string(self, obj: models.Model) -> str:
        return dumps(self.value_from_object(obj))
