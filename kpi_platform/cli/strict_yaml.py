"""YAML whose values are what they look like. YAML 1.1 reads 0060 as 48 and 1:30 as 90, keeps the last
of two sections of one name, and lets a section hold itself: all of these are refused, with line and key."""

import re
from collections.abc import Iterable
from typing import Any, NoReturn

import yaml

from kpi_platform.domain.settings.parsing import MAX_DEPTH

_MOST_VALUES = 100_000
"""A settings document has some hundreds; anchors can make billions of a few lines."""

_ANOTHER_NUMBER = re.compile(r"[-+]?(0[0-9_]+|0[xXoObB][0-9A-Fa-f_]+|[0-9][0-9_]*(:[0-9]{1,2})+(\.[0-9_]*)?)")
_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"


class UnsafeYaml(ValueError):
    """Says in words what is refused, and where."""


def parse_yaml(text: str) -> Any:
    """Parses the text; None if it is empty. Raises UnsafeYaml, yaml.YAMLError, and another
    ValueError for a number of too many digits."""
    _require_plain(yaml.parse(text, yaml.SafeLoader))
    root = yaml.compose(text, yaml.SafeLoader)
    if root is None:
        return None
    _Checked().size_and_height(root, ())
    return yaml.safe_load(text)


def _require_plain(events: Iterable[Any]) -> None:
    """Nothing is composed of what is too deep, or asks for objects of Python's."""
    depth = 0
    for event in events:
        if getattr(event, "tag", None) is not None:
            _refuse(event, (), f"the tag {event.tag[:100]} is not read: leave it out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            _refuse(event, (), f"it nests deeper than {MAX_DEPTH} levels")


class _Checked:
    """A walk that looks at each node once, in however many places it stands."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}
        self._above: set[int] = set()

    def size_and_height(self, node: yaml.Node, path: tuple[str, ...]) -> tuple[int, int]:
        """Values in the node and levels below it, both with its anchors written out."""
        if id(node) in self._above:
            _refuse(node, path, "it holds itself")
        if id(node) not in self._known:
            self._above.add(id(node))
            self._known[id(node)] = self._of(node, path)
            self._above.remove(id(node))
        size, height = self._known[id(node)]
        if size > _MOST_VALUES:
            _refuse(node, path, f"its anchors make more than {_MOST_VALUES} values of it")
        if len(path) + height > MAX_DEPTH:
            _refuse(node, path, f"it nests deeper than {MAX_DEPTH} levels")
        return size, height

    def _of(self, node: yaml.Node, path: tuple[str, ...]) -> tuple[int, int]:
        if isinstance(node, yaml.ScalarNode):
            _require_whole_characters(node, path)
            if node.style is None and _ANOTHER_NUMBER.fullmatch(node.value):
                _refuse(
                    node, path,
                    f"YAML would read {node.value[:100]} as another number: write it as a plain decimal "
                    "number, or in quotes if it is text",
                )  # fmt: skip
            return 1, 0
        if isinstance(node, yaml.MappingNode):
            _require_keys(node, path)
            inner = [(key.value, value) for key, value in node.value]
        else:
            inner = [(str(position), value) for position, value in enumerate(node.value)]
        found = [self.size_and_height(value, (*path, name)) for name, value in inner]
        return 1 + sum(size for size, _ in found), 1 + max((height for _, height in found), default=0)


def _require_keys(node: yaml.MappingNode, path: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.tag not in (_TEXT, _MERGE):
            shown = key.value if isinstance(key, yaml.ScalarNode) else ""
            _refuse(key, (*path, shown), "a key must be text: write it in quotes")
        _require_whole_characters(key, path)
        if key.value in seen:
            _refuse(key, (*path, key.value), "the key stands there for the second time")
        seen.add(key.value)


def _require_whole_characters(node: yaml.ScalarNode, path: tuple[str, ...]) -> None:
    try:
        node.value.encode()
    except UnicodeEncodeError:
        _refuse(node, path, "it holds half of a character")


def _refuse(where: Any, path: tuple[str, ...], why: str) -> NoReturn:
    shown = ".".join(path)[:200]
    place = f"line {where.start_mark.line + 1}"
    raise UnsafeYaml(f"{place}, {shown}: {why}" if shown else f"{place}: {why}")
