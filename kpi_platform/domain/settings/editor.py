"""The editor of settings, who may change some of them: docs/decisions/0015 says why."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from kpi_platform.domain.errors import Forbidden
from kpi_platform.domain.settings.leaves import settings_kinds, value_at
from kpi_platform.domain.settings.section import Kind

_NOTHING: Mapping[str, Any] = MappingProxyType({})

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = ("read", "write", "admin")
"""The scopes of a token. Each includes the ones before it."""

WHO_MAY: Mapping[Kind, str] = {
    "placement": "the operator",
    "reach_out": "an administrator of the customer (a token with the scope admin)",
    "meaning": "a token with the scope write",
}
"""The people who may change settings of a kind, in words. The operator may change all of them."""


@dataclass(frozen=True, slots=True)
class Editor:
    """A person who changes settings. `name` is their name in versions and the audit trail. An operator is
    trusted with the whole installation; everybody else works for the customer, as far as `scope` goes."""

    name: str
    operator: bool
    scope: Scope = "admin"

    def may_change(self, kind: Kind) -> bool:
        """Whether settings of this kind are theirs to change."""
        if self.scope == "read":
            return False
        return self.operator or kind == "meaning" or (kind == "reach_out" and self.scope == "admin")


def paths_beyond(
    editor: Editor,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    stored: Mapping[str, Any] = _NOTHING,
    stated: Mapping[str, Any] = _NOTHING,
) -> list[str]:
    """Returns the settings that differ between two whole documents and are not the editor's to change. One
    that `stored` states and `stated` does not differs, too: from then on a default decides."""
    return [
        path
        for path, kind in settings_kinds().items()
        if not editor.may_change(kind)
        and (
            value_at(before, path) != value_at(after, path)
            or (value_at(stored, path) is not None and value_at(stated, path) is None)
        )
    ]


def require_none(paths: list[str]) -> None:
    """Raises Forbidden if there are `paths`, which are settings that the caller may not change."""
    if not paths:
        return
    kinds = settings_kinds()
    sentences = []
    for kind, who in WHO_MAY.items():
        if of_kind := [path for path in paths if kinds[path] == kind]:
            sentences.append(f"Only {who} may change {', '.join(of_kind)}.")
    raise Forbidden(
        f"{' '.join(sentences)} Nothing was changed.",
        next_step="Leave these settings as they are, or ask the operator to change them.",
        details={"paths": paths},
    )
