"""Matches the accounts of customers' sources with those of their dashboards, and stores the outcome.

Several customers are one transaction, and a statement reads or writes for all of them.
"""

import heapq
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import find_each
from kpi_platform.dashboard.database import reading, writing_last
from kpi_platform.dashboard.match_store import (
    KnownMatches,
    MatchChanges,
    StoredOutcome,
    StoredRow,
    read_matches,
    store_changes,
)
from kpi_platform.dashboard.tables import accounts
from kpi_platform.dashboard.types import among_customers
from kpi_platform.domain.matching.match import match_parties
from kpi_platform.domain.matching.party import Match, MatchPolicy, Party
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.batch import in_utc
from kpi_platform.pipeline.batch_marts import MartReader
from kpi_platform.pipeline.customer_settings import secrets_of_each, settings_of_each
from kpi_platform.pipeline.same_name import ask_same_name
from kpi_platform.pipeline.source_accounts import SourceSide, source_side, web_domains

_SHOWN = 20
_ACCOUNTS = (
    sa.select(
        accounts.c.customer_id, accounts.c.id, accounts.c.name, accounts.c.website, accounts.c.external_id
    )
    .where(among_customers(accounts.c.customer_id))
    .order_by(accounts.c.id)
)


@dataclass(frozen=True, slots=True)
class AccountMatch:
    """One source account and what became of it; `account_name` is that of the proposal or the match."""

    source_account_id: str
    source_name: str
    account_id: int | None
    account_name: str | None
    score: float
    method: str
    decision: str
    reason: str


@dataclass(frozen=True, slots=True)
class MatchReport:
    """`by_method` and `by_decision` count source accounts. `weakest` are the accepted matches with the lowest
    scores, each as it was found at first (new accounts were matched with none); `review` are those that wait
    for a person; both at most twenty, weakest first. `changed` counts the stored matches that are new or
    other than before, `seconds` are those of all that were matched together."""

    customer: str
    accounts: int
    by_method: dict[str, int]
    by_decision: dict[str, int]
    weakest: tuple[AccountMatch, ...]
    review: tuple[AccountMatch, ...]
    changed: int
    seconds: float


@dataclass(slots=True)
class DashboardSide:
    """One customer in the dashboard: its accounts, by id and by external id, and what is known of
    their matches."""

    matches: KnownMatches
    accounts: dict[str, Party] = field(default_factory=dict)
    external_ids: dict[str, int] = field(default_factory=dict)


def match_together(
    configuration: Configuration,
    engine: sa.Engine,
    customers: Sequence[str],
    as_of: datetime,
    *,
    mode: Literal["auto", "manual"] = "auto",
    store: bool = True,
    marts: MartReader | None = None,
) -> list[MatchReport]:
    """Matches what the marts hold of each of `customers`, all or none. Ids known from earlier loads and
    people's decisions always win; with `mode="manual"` nothing else matches by itself, and what would have
    goes to review. Without `store` nothing is written. `marts` reads them for many customers."""
    as_of = in_utc(as_of)
    started = time.monotonic()
    with reading(engine) as connection:
        known = settings_of_each(configuration, connection, customers)
        secrets = {} if marts else secrets_of_each(configuration, connection, customers)
    sources = {
        one.customer.id: source_side(
            marts or open_destination(configuration, one.settings.warehouse, secrets[key]),
            key,
            one.settings.account_matching.strategy,
        )
        for key, one in known.items()
    }
    # The same transaction reads the decisions and writes what follows from them.
    with writing_last(engine) if store else reading(engine) as connection:
        find_each(connection, customers)
        sides = dashboard_sides(connection, list(sources))
        outcomes = {
            one.customer.id: propose_matches(
                sides[one.customer.id], sources[one.customer.id], one.settings, mode
            )
            for one in known.values()
        }
        changes = {number: sides[number].matches.changes(found) for number, found in outcomes.items()}
        if store:
            store_changes(connection, changes, as_of)
    seconds = time.monotonic() - started
    return [
        _report(key, sides[one.customer.id], outcomes[one.customer.id], changes[one.customer.id], seconds)
        for key, one in known.items()
    ]


def dashboard_sides(connection: sa.Connection, customer_ids: Sequence[int]) -> dict[int, DashboardSide]:
    """Returns the accounts and known matches of each of these customers in the dashboard."""
    sides = {
        customer: DashboardSide(matches)
        for customer, matches in read_matches(connection, customer_ids).items()
    }
    for customer, number, name, website, external_id in connection.execute(
        _ACCOUNTS, {"customers": customer_ids}
    ):
        side = sides[customer]
        side.accounts[str(number)] = Party(str(number), name, web_domains(website))
        if external_id is not None:
            side.external_ids[external_id] = number
    return sides


def propose_matches(
    side: DashboardSide,
    source: SourceSide,
    settings: CustomerSettings,
    mode: Literal["auto", "manual"] = "auto",
) -> list[StoredOutcome]:
    """Proposes a match for each party of the source, in their order, from known matches and decisions. One
    that only ServiceNow knows, and that has the name of an account of Salesforce, is never created or
    matched by itself: people are asked whether it is the same. What goes to review has the source's facts."""
    links, ids = side.matches.links(side.external_ids), {party.id for party in source.parties}
    asked = {one: names for one, names in source.namesakes.items() if one not in links}
    matched = [party for party in source.parties if party.id not in asked]
    policy = settings.account_matching
    matches = match_parties(
        matched,
        list(side.accounts.values()),
        MatchPolicy(policy.strategy, policy.threshold, policy.review_threshold),
        known={source: str(account) for source, account in links.items() if source in ids},
        rejected={(source, str(account)) for source, account in side.matches.rejected},
    )
    outcomes = {
        party.id: _outcome(party, match, side.accounts, mode)
        for party, match in zip(matched, matches, strict=True)
    }
    if asked:
        found = {one: outcome.account_id for one, outcome in outcomes.items() if outcome.decision == "match"}
        names = {account: party.name for account, party in side.accounts.items()}
        for party in source.parties:
            if party.id in asked:
                outcomes[party.id] = ask_same_name(party, asked[party.id], found, names, side.matches)
    facts = source.facts({one for one, outcome in outcomes.items() if outcome.decision == "review"})
    return [
        replace(outcomes[party.id], facts=facts[party.id]) if party.id in facts else outcomes[party.id]
        for party in source.parties
    ]


def _outcome(source: Party, match: Match, accounts: dict[str, Party], mode: str) -> StoredOutcome:
    decision, reason = match.decision, match.reason
    if mode == "manual" and match.method not in ("id", "decision"):
        decision, reason = "review", f"account mapping is manual; {reason}"
    candidates: list[dict[str, Any]] = [
        {
            "account_id": int(one.right_id),
            "name": accounts[one.right_id].name,
            "score": one.score,
            "method": one.method,
            "reason": one.reason,
        }
        for one in match.candidates
    ]
    return StoredOutcome(
        source_account_id=source.id,
        source_name=source.name,
        account_id=None if match.right_id is None else int(match.right_id),
        score=match.score,
        method=match.method,
        decision=decision,
        reason=reason,
        candidates=candidates,
    )


def _report(
    customer: str,
    side: DashboardSide,
    outcomes: list[StoredOutcome],
    changes: MatchChanges,
    seconds: float,
) -> MatchReport:
    found_at_first: list[StoredOutcome | StoredRow] = [
        *changes.kept,
        *(outcome for outcome, _ in changes.new),
    ]
    accepted = [one for one in found_at_first if one.decision == "match" and one.method != "created"]
    return MatchReport(
        customer=customer,
        accounts=len(outcomes),
        by_method=_counted(one.method for one in outcomes),
        by_decision=_counted(one.decision for one in outcomes),
        weakest=_weakest(accepted, side),
        review=_weakest([one for one in outcomes if one.decision == "review"], side),
        changed=len(changes),
        seconds=seconds,
    )


def _weakest(outcomes: Sequence[StoredOutcome | StoredRow], side: DashboardSide) -> tuple[AccountMatch, ...]:
    weakest = heapq.nsmallest(_SHOWN, outcomes, key=lambda one: (one.score, one.source_account_id))
    return tuple(
        AccountMatch(
            one.source_account_id,
            one.source_name,
            one.account_id,
            party.name if (party := side.accounts.get(str(one.account_id))) else None,
            one.score,
            one.method,
            one.decision,
            one.reason,
        )
        for one in weakest
    )


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
