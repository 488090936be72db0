"""What a document states, as against what it only repeats."""

from collections.abc import Mapping
from typing import Any


def stated_part(
    document: Mapping[str, Any], stored: Mapping[str, Any], effective: Mapping[str, Any]
) -> dict[str, Any]:
    """`document` without what it repeats of `effective`, the settings that hold, unless `stored`, the
    document behind them, states it: so defaults stay defaults when a whole document is saved again. Lists
    count as a whole, and whatever is no setting is kept, to be refused by its name."""
    stated: dict[str, Any] = {}
    for key, value in document.items():
        known, before = effective.get(key), stored.get(key)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            part = stated_part(value, before if isinstance(before, Mapping) else {}, known)
            if part or key in stored:
                stated[key] = part
        elif key in stored or key not in effective or value != known or type(value) is not type(known):
            stated[key] = value
    return stated
