"""A conversation as a page to read: one branch of its tree, and where the others leave it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from conversations.models import Conversation, Message
from streaming.events import decode
from streaming.fold import Fold
from streaming.models import LogEntry
from streaming.parts import Part

PAGE = 50


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the branch."""

    message: Message
    #: Its place on the branch, from 1.
    number: int
    parts: list[Part]
    #: It and the other messages under the same parent, oldest first.
    versions: list[UUID]


class Transcript:
    """The branch through one message and on to the newest leaf below it, in pages.

    ``at`` that is not of this conversation means the current branch from its beginning.
    """

    def __init__(self, conversation: Conversation, at: UUID | None, page: int | None) -> None:
        self.conversation = conversation
        skeleton = conversation.messages.order_by("id").values_list("id", "parent_id")
        self.parents: dict[UUID, UUID | None] = dict(skeleton)
        known = at in self.parents
        self.at = at if known else conversation.current_id or next(reversed(self.parents), None)
        place = self.branch.index(self.at) if known and page is None and self.at else 0
        wanted = place // PAGE + 1 if page is None else page
        self.page = min(max(wanted, 1), self.pages)

    @cached_property
    def children(self) -> dict[UUID | None, list[UUID]]:
        """Who answers whom, oldest first."""
        children = defaultdict(list)
        for message, parent in self.parents.items():
            children[parent].append(message)
        return children

    @cached_property
    def branch(self) -> list[UUID]:
        """From the root to ``at``, and on by the newest child."""
        branch: list[UUID] = []
        one = self.at
        while one is not None:
            branch.append(one)
            one = self.parents[one]
        branch.reverse()
        while branch and (below := self.children.get(branch[-1])):
            branch.append(below[-1])
        return branch

    @property
    def is_current(self) -> bool:
        return not self.branch or self.conversation.current_id in self.branch[-1:]

    @property
    def branches(self) -> int:
        """How many leaves the tree has."""
        return sum(message not in self.children for message in self.parents)

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.branch) // PAGE))

    @property
    def has_earlier(self) -> bool:
        return self.page > 1

    @property
    def has_later(self) -> bool:
        return self.page < self.pages

    def said(self) -> list[Said]:
        """The messages of this page: two queries, whatever their number."""
        start = (self.page - 1) * PAGE
        ids = self.branch[start : start + PAGE]
        messages = (
            Message.objects.filter(pk__in=ids)
            .select_related("generation")
            .defer("generation__prompt", "generation__labels")
        )
        by_id = {message.id: message for message in messages}
        unfolded = parts_so_far(by_id.values())
        return [
            Said(
                message=by_id[one],
                number=number,
                parts=unfolded.get(one, by_id[one].parts),
                versions=self.children[self.parents[one]],
            )
            for number, one in enumerate(ids, start + 1)
            if one in by_id
        ]


def parts_so_far(messages: Iterable[Message]) -> dict[UUID, list[Part]]:
    """What the logs say of those whose answer is not on the message yet: one query at most."""
    waiting = {
        message.generation_id: message.id
        for message in messages
        if message.stored_parts is None and message.generation_id is not None
    }
    if not waiting:
        return {}
    entries = LogEntry.objects.filter(generation_id__in=waiting).order_by("generation_id", "seq")
    rows = entries.values_list("generation_id", "name", "data").iterator()
    return {
        waiting[generation]: _folded((name, data) for _, name, data in log)
        for generation, log in groupby(rows, key=itemgetter(0))
    }


def _folded(log: Iterable[tuple[str, str]]) -> list[Part]:
    """The parts that a log tells, up to an entry that tells nothing: then a part says so."""
    fold = Fold()
    try:
        for name, data in log:
            fold.apply(decode(name, data))
    except (KeyError, TypeError, ValueError) as error:
        return [*fold.parts, Part("unreadable log", repr(error))]
    return fold.parts
