"""A page's HTML, to look things up in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {
    *("area", "base", "br", "col", "embed", "hr", "img", "input"),
    *("link", "meta", "source", "track", "wbr"),
}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Node]:
        """All elements inside, in the order of the page."""
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child

    def all(self, tag: str = "", **attributes: str | bool) -> list[Node]:
        """The elements inside with this tag and these attributes; ``True``: with any value,
        ``False``: without it. Underscores in names stand for hyphens."""
        wanted = {name.strip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            node
            for node in self
            if tag in ("", node.tag)
            and all(
                (name in node.attributes) is value
                if isinstance(value, bool)
                else node.attributes.get(name) == value
                for name, value in wanted.items()
            )
        ]

    def one(self, tag: str = "", **attributes: str | bool) -> Node:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} × <{tag} {attributes}>"
        return found[0]

    @property
    def raw_text(self) -> str:
        return "".join(c if isinstance(c, str) else c.raw_text for c in self.children)

    @property
    def text(self) -> str:
        """What it says, white space made one."""
        return " ".join(self.raw_text.split())

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]


class Document(Node, HTMLParser):
    """Raises ``AssertionError`` for tags that do not match."""

    def __init__(self, html: str) -> None:
        Node.__init__(self, "")
        HTMLParser.__init__(self)
        self.html = html
        self._open: list[Node] = [self]
        self.feed(html)
        self.close()
        assert self._open == [self], f"<{self._open[-1].tag}> is never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        assert len(node.attributes) == len(attrs), f"an attribute is there twice: {attrs}"
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)
