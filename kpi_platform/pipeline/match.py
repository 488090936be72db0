"""Matches the accounts of one customer's sources with those of its dashboard, and stores the outcome."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa
import sqlalchemy as sa

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.database import reading
from kpi_platform.dashboard.match_store import StoredOutcome, known_links, rejected_pairs, store_outcomes
from kpi_platform.dashboard.matches import StoredMatch, weakest_matches
from kpi_platform.dashboard.tables import accounts
from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.matching.domains import registrable_domain
from kpi_platform.domain.matching.match import match_parties
from kpi_platform.domain.matching.party import Match, MatchPolicy, Party, Strategy
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.pipeline.batch_marts import ADDRESS_COLUMNS, MartReader
from kpi_platform.pipeline.customer_settings import settings_of

_SHOWN = 20
_ACCOUNTS = (
    sa.select(accounts.c.id, accounts.c.name, accounts.c.website)
    .where(accounts.c.customer_id == sa.bindparam("customer"))
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
    scores, those known from before as they were found at first; `review` are those that wait for a person;
    both at most twenty, weakest first. `changed` counts the stored matches that are new or other than
    before."""

    customer: str
    accounts: int
    by_method: dict[str, int]
    by_decision: dict[str, int]
    weakest: tuple[AccountMatch, ...]
    review: tuple[AccountMatch, ...]
    changed: int
    seconds: float


def match_accounts(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    as_of: datetime,
    *,
    mode: Literal["auto", "manual"] = "auto",
    store: bool = True,
    settings: CustomerSettings | None = None,
    marts: MartReader | None = None,
) -> MatchReport:
    """Matches what the marts hold of `customer`. Ids known from earlier loads and people's decisions always
    win; with `mode="manual"` nothing else matches by itself, and what would have goes to review.

    Without `store` nothing is written: a preview, for example of other `settings`.
    """
    if as_of.tzinfo is None:
        raise InvalidInput(f"as_of {as_of} has no time zone.", next_step="Give it in UTC.")
    started = time.monotonic()
    with reading(engine) as connection:
        stored_settings, _ = settings_of(configuration, connection, customer)
    used = settings or stored_settings
    marts = marts or open_destination(configuration, used.warehouse)
    sources = source_parties(marts, customer, used.account_matching.strategy)
    # The same transaction reads the decisions and writes what follows from them.
    with engine.begin() if store else reading(engine) as connection:
        customer_id = get_customer(connection, customer).id
        accounts = dashboard_parties(connection, customer_id)
        outcomes = propose_matches(connection, customer_id, sources, accounts, used, mode)
        changed = store_outcomes(connection, customer_id, outcomes, as_of) if store else 0
        stored = weakest_matches(connection, customer_id, _SHOWN) if store else []
    rows = [_row(outcome, accounts) for outcome in outcomes]
    return MatchReport(
        customer=customer,
        accounts=len(rows),
        by_method=_counted(row.method for row in rows),
        by_decision=_counted(row.decision for row in rows),
        weakest=(
            tuple(_row(match, accounts) for match in stored)
            if store
            else _first([row for row in rows if row.decision == "match"])
        ),
        review=_first([row for row in rows if row.decision == "review"]),
        changed=changed,
        seconds=time.monotonic() - started,
    )


def propose_matches(
    connection: sa.Connection,
    customer_id: int,
    sources: list[Party],
    accounts: dict[str, Party],
    settings: CustomerSettings,
    mode: Literal["auto", "manual"] = "auto",
) -> list[StoredOutcome]:
    """What becomes of each of `sources`, in their order, by what is known and decided. Writes nothing."""
    links = known_links(connection, customer_id, {party.id for party in sources})
    policy = settings.account_matching
    matches = match_parties(
        sources,
        list(accounts.values()),
        MatchPolicy(policy.strategy, policy.threshold, policy.review_threshold),
        known={source: str(account) for source, account in links.items()},
        rejected={(source, str(account)) for source, account in rejected_pairs(connection, customer_id)},
    )
    return [_outcome(source, match, accounts, mode) for source, match in zip(sources, matches, strict=True)]


def source_parties(marts: MartReader, customer: str, strategy: Strategy) -> list[Party]:
    """The accounts that the marts hold of `customer`. Their domains are that of the website and, for the
    domain strategy, those of the contacts' e-mail addresses."""
    batches = list(marts.read_mart("kpi_integrated_metrics", customer))
    if not batches:
        return []
    table = pa.Table.from_batches(batches)
    ids, names = table.column("account_id").to_pylist(), table.column("account_name").to_pylist()
    websites = table.column("website").to_pylist() if "website" in table.column_names else [None] * len(ids)
    addresses = _email_domains(marts, customer) if strategy == "domain" else {}
    return [
        Party(account, name or account, _domains(website, *addresses.get(account, ())))
        for account, name, website in zip(ids, names, websites, strict=True)
    ]


def _email_domains(marts: MartReader, customer: str) -> dict[str, list[str]]:
    """Account → domains of its contacts' addresses, as they stand there."""
    found: dict[str, list[str]] = defaultdict(list)
    for batch in marts.read_mart("account_email_domains", customer, ADDRESS_COLUMNS):
        for account, domain in zip(
            batch.column("account_id").to_pylist(), batch.column("email_domain").to_pylist(), strict=True
        ):
            found[account].append(domain)
    return found


def dashboard_parties(connection: sa.Connection, customer_id: int) -> dict[str, Party]:
    """The accounts of the dashboard, by id."""
    rows = connection.execute(_ACCOUNTS, {"customer": customer_id})
    return {str(number): Party(str(number), name, _domains(website)) for number, name, website in rows}


def _domains(*addresses: str | None) -> frozenset[str]:
    domains = {registrable_domain(address) for address in addresses if address}
    return frozenset(domain for domain in domains if domain)


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


def _row(outcome: StoredOutcome | StoredMatch, accounts: dict[str, Party]) -> AccountMatch:
    party = accounts.get(str(outcome.account_id))
    return AccountMatch(
        outcome.source_account_id,
        outcome.source_name,
        outcome.account_id,
        party.name if party else None,
        outcome.score,
        outcome.method,
        outcome.decision,
        outcome.reason,
    )


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _first(rows: list[AccountMatch]) -> tuple[AccountMatch, ...]:
    return tuple(sorted(rows, key=lambda row: (row.score, row.source_account_id))[:_SHOWN])
