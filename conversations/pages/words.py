"""The words of ``static/js/helpers/words.js`` that a page without scripts needs too."""

from __future__ import annotations

from django.utils.translation import gettext, gettext_lazy

from ..answers import State

INCOMPLETE = {
    "length": gettext_lazy("The answer reached its longest allowed length."),
    "content_filter": gettext_lazy("The provider's content filter ended the answer."),
    "upstream_lost": gettext_lazy("The connection to the model was lost. What there is was kept."),
    "stalled": gettext_lazy("The model stopped sending. What there is was kept."),
    "interrupted": gettext_lazy("The server was restarted. What there is was kept."),
}


def ending(state: State) -> str:
    """Empty for an answer that is whole, or may still become so."""
    match state.status:
        case "stopped":
            return gettext("Stopped.")
        case "incomplete":
            known = INCOMPLETE.get(state.reason)
            return str(known or gettext("The answer ended early. What there is was kept."))
        case "failed":
            return (state.error or {}).get("message") or gettext("No answer came.")
        case _:
            return ""


def folded(type: str, name: str) -> str:
    """What stands over a part that is folded away."""
    match type:
        case "reasoning":
            return gettext("Reasoning")
        case "tool_call":
            return gettext("Used %(name)s") % {"name": name}
        case "tool_result":
            return gettext("Result")
        case _:
            return type
