"""Asks people about accounts that only ServiceNow knows and that have the name of one of Salesforce."""

from collections.abc import Mapping, Sequence
from typing import Any

from kpi_platform.dashboard.match_store import KnownMatches, StoredOutcome
from kpi_platform.dashboard.matches import JOINED, SAME_NAME, joined_reason
from kpi_platform.domain.matching.party import Party


def ask_same_name(
    source: Party,
    namesakes: Sequence[str],
    found: Mapping[str, int | None],
    names: Mapping[str, str],
    known: KnownMatches,
) -> StoredOutcome:
    """Proposes a match for an account with `namesakes` in Salesforce: a review that offers their accounts in
    the dashboard (`found`; `names` by account id), also while those are still to be created. It is an account
    of its own if people said of each that it is another one."""
    if source.id in known.joined:
        account = known.joined[source.id]
        return _outcome(source, account, "review", JOINED, joined_reason("somebody"))
    owners = [found.get(one) for one in namesakes]
    offered = [one for one in owners if one is not None and (source.id, one) not in known.rejected]
    if not offered and None not in owners:
        return _outcome(source, None, "none", "none", "not the account of the same name")
    candidates = [
        {
            "account_id": account,
            "name": names[str(account)],
            "score": 1.0,
            "method": SAME_NAME,
            "reason": "is it the same?",
        }
        for account in offered
    ]
    reason = f"only ServiceNow knows it, and Salesforce has its name: {', '.join(namesakes)}"
    return _outcome(source, offered[0] if offered else None, "review", SAME_NAME, reason, candidates)


def _outcome(
    source: Party,
    account: int | None,
    decision: str,
    method: str,
    reason: str,
    candidates: Sequence[dict[str, Any]] = (),
) -> StoredOutcome:
    score = 0.0 if decision == "none" else 1.0
    return StoredOutcome(source.id, source.name, account, score, method, decision, reason, list(candidates))
