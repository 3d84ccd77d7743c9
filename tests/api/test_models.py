"""GET /models."""

from __future__ import annotations

from .problems import assert_problem
from .sites import MODELS, Somebody, on_every_server


@on_every_server
def test_it_lists_what_one_may_choose(alice: Somebody) -> None:
    answer = alice.call("GET", "/api/v1/models")
    assert answer.status == 200
    items = answer.json["items"]
    assert [model["id"] for model in items] == list(MODELS)
    assert [model["default"] for model in items] == [True, False]
    for model in items:
        assert model["label"]
        assert {"capabilities", "prices"} <= model.keys()
    assert answer.json["next"] is None


def test_it_tells_who_is_not_signed_in_nothing(alice: Somebody) -> None:
    alice.token = ""
    assert_problem(alice.call("GET", "/api/v1/models"), 401)
