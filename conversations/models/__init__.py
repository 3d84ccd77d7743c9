"""Who talks, what was said, and the keys to it."""

from .api_tokens import ApiToken
from .conversations import Conversation
from .idempotency import IdempotencyKey
from .messages import Message
from .people import Person

__all__ = ["ApiToken", "Conversation", "IdempotencyKey", "Message", "Person"]
