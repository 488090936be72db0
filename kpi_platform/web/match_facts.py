"""Both sides of a match, fact by fact, for whoever has to decide whether they are the same."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kpi_platform.dashboard.accounts import Account
from kpi_platform.dashboard.matches import StoredMatch
from kpi_platform.domain.normal_text import normal_text
from kpi_platform.pipeline.source_accounts import web_domains
from kpi_platform.web.formats import money

_FACTS: Sequence[tuple[str, str]] = (
    ("website", "Website"),
    ("domains", "Domains"),
    ("region", "Country"),
    ("industry", "Industry"),
    ("revenue", "Revenue"),
    ("csm_name", "CSM"),
    ("csm_email", "CSM's e-mail"),
)


@dataclass(frozen=True, slots=True)
class ShownFact:
    """One fact of one side. `agrees`: the other side says the same."""

    label: str
    text: str
    agrees: bool = False


def source_facts(match: StoredMatch) -> list[ShownFact]:
    """Returns what the source says of the account; none if the last matching did not keep it."""
    facts = match.facts or {}
    return [ShownFact(label, _text(facts[name])) for name, label in _FACTS if facts.get(name)]


def account_facts(match: StoredMatch, account: Account) -> list[ShownFact]:
    """Returns the same facts of an account of the dashboard, and whether they agree."""
    theirs, mine = match.facts or {}, _facts_of(account)
    return [
        ShownFact(label, _text(mine[name]), _agree(name, theirs.get(name), mine[name]))
        for name, label in _FACTS
        if mine.get(name)
    ]


def _facts_of(account: Account) -> Mapping[str, Any]:
    return {
        name: sorted(web_domains(account.website)) if name == "domains" else getattr(account, name)
        for name, _ in _FACTS
    }


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return money(value) if isinstance(value, int | float) else str(value)


def _agree(name: str, one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    if isinstance(one, list) and isinstance(other, list):
        return bool(set(one) & set(other))
    return one == other or _compared(name, str(one)) == _compared(name, str(other))


def _compared(name: str, text: str) -> str:
    """The text in one spelling; of a website its host."""
    text = normal_text(text)
    return re.sub(r"^(https?://)?(www\.)?|/.*$", "", text) if name == "website" else text
