"""What counts as a JSON body: UTF-8, one object, no NaN, no lone surrogates."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser
from pydantic_core import from_json

from ..problems import Problem


class StrictParser(Parser):
    """Refuses with 415 or 400 what is not exactly a JSON object."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise Problem(415, "Send the body as application/json.")
        try:
            body = from_json(request.body, allow_inf_nan=False)
        except ValueError as error:
            raise Problem(400, f"The body is not valid JSON: {error}.") from error
        if not isinstance(body, dict):
            raise Problem(400, "The body is not a JSON object.")
        return body
