"""The admin: what staff may see of all conversations, and the little they may do.

Nothing a person or a model wrote is ever marked safe here: see ``plain_text``.
"""

from . import api_tokens, conversations, generations, groups, messages, people
from .site import site

__all__ = ["api_tokens", "conversations", "generations", "groups", "messages", "people", "site"]
