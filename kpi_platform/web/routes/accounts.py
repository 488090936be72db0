"""Accounts: list, one, its KPIs, its history."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from kpi_platform.dashboard.account_counts import account_counts
from kpi_platform.dashboard.account_history import confirmed_until, health_series, kpi_series
from kpi_platform.dashboard.account_query import SORTS
from kpi_platform.dashboard.account_reading import account_detail, find_accounts
from kpi_platform.dashboard.account_support import account_support
from kpi_platform.dashboard.definitions import kpi_definitions
from kpi_platform.dashboard.matches import matches_of_account
from kpi_platform.dashboard.peers import HEALTH, peer_places
from kpi_platform.dashboard.shown_accounts import AccountFilter, AccountSummary, BandFilter
from kpi_platform.dashboard.tables import EXTRA_METRICS, SUPPORT_METRICS
from kpi_platform.domain.account_counts import AccountCounts
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.record_links import account_page
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.score_change import score_change
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    ConnectionDep,
    CustomerDep,
    ExplainerDep,
    HeavyTurnsDep,
)
from kpi_platform.web.schemas.accounts import (
    AccountAnswer,
    AccountDetailAnswer,
    AccountsAnswer,
    HistoryAnswer,
    KpiAnswer,
    KpiValueAnswer,
    LeftOutAnswer,
    LeftOutGroupAnswer,
    MatchedSourceAnswer,
    ScoreChangeAnswer,
)
from kpi_platform.web.schemas.answers import Instant, Limit, Offset, errors
from kpi_platform.web.schemas.explanations import ExplanationAnswer
from kpi_platform.web.schemas.support import SupportAnswer

router = APIRouter(prefix="/accounts", tags=["accounts"])

AccountId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Text = Annotated[str | None, Query(max_length=200)]
Number = Annotated[float | None, Query(allow_inf_nan=False)]


@router.get("")
def list_accounts(
    connection: ConnectionDep,
    customer: CustomerDep,
    search: Annotated[str | None, Query(max_length=200, description="Part of the name.")] = None,
    health: Annotated[BandFilter | None, Query(description="Band of the health score.")] = None,
    industry: Text = None,
    region: Text = None,
    csm: Annotated[str | None, Query(max_length=200, description="Customer success manager.")] = None,
    kpi: Annotated[str | None, Query(max_length=64, description="The KPI of the next three.")] = None,
    kpi_band: BandFilter | None = None,
    kpi_min: Number = None,
    kpi_max: Number = None,
    arr_min: Annotated[
        float | None, Query(allow_inf_nan=False, description="Least recurring revenue.")
    ] = None,
    arr_max: Number = None,
    renewal_from: Annotated[date | None, Query(description="First day of the next renewal.")] = None,
    renewal_to: Annotated[date | None, Query(description="Last day of it.")] = None,
    sort: Annotated[str, Query(max_length=64, description=f"{', '.join(SORTS)} or a KPI.")] = "name",
    descending: bool = False,
    limit: Limit = 50,
    offset: Offset = 0,
) -> AccountsAnswer:
    """Returns a page of the accounts with their health and KPI values. Accounts without a value sort last."""
    wanted = AccountFilter(
        search, health, industry, region, csm, kpi, kpi_band, kpi_min, kpi_max, arr_min, arr_max,
        renewal_from, renewal_to,
    )  # fmt: skip
    page = find_accounts(
        connection, customer, wanted, sort=sort, descending=descending, limit=limit, offset=offset
    )
    return AccountsAnswer(
        total=page.total, limit=limit, offset=offset, accounts=[_account(one) for one in page.accounts]
    )


@router.get("/left-out")
def get_left_out_accounts(connection: ConnectionDep, customer: CustomerDep) -> LeftOutAnswer:
    """Count the accounts of Salesforce that do not count, by reason and type."""
    built = account_counts(connection, [customer]).get(customer)
    counts = built.counts if built else AccountCounts()
    return LeftOutAnswer(
        as_of=built.as_of if built else None,
        sentence=counts.sentence(),
        counting=counts.counting,
        left_out=[
            LeftOutGroupAnswer(reason=one.reason, type=one.type, accounts=one.accounts)
            for one in counts.groups
            if one.reason is not None
        ],
    )


@router.get("/{account_id}", responses=errors(404))
def get_account(
    account_id: AccountId, configuration: ConfigurationDep, connection: ConnectionDep, customer: CustomerDep
) -> AccountDetailAnswer:
    """Returns one account: its values, how its health score is put together, where it stands among its peers,
    and what it is in the sources."""
    detail = account_detail(connection, customer, account_id)
    settings = effective_settings(configuration, connection, customer)
    sources = [
        MatchedSourceAnswer(
            source_account_id=match.source_account_id,
            source_name=match.source_name,
            score=match.score,
            method=match.method,
            page=account_page(settings, match.source_account_id),
        )
        for match in matches_of_account(connection, customer, account_id)
    ]
    peers = peer_places(connection, customer, detail.summary, kpi_definitions(connection, customer))
    return AccountDetailAnswer.model_validate(
        _account(detail.summary).model_dump()
        | {
            "health": dict(detail.health),
            "health_as_of": detail.health_as_of,
            "health_peers": peers.pop(HEALTH, None),
            "kpi_peers": peers,
            "sources": sources,
        }
    )


@router.get("/{account_id}/kpis", responses=errors(404))
def get_account_kpis(
    account_id: AccountId, connection: ConnectionDep, customer: CustomerDep
) -> list[KpiAnswer]:
    """Returns the account's values with what each KPI means, in the order of the KPIs."""
    values = account_detail(connection, customer, account_id).summary.kpis
    definitions = kpi_definitions(connection, customer)
    return [
        KpiAnswer(
            **KpiValueAnswer.model_validate(value).model_dump(),
            **{
                name: getattr(definitions[kpi], name)
                for name in KpiAnswer.model_fields
                if name not in KpiValueAnswer.model_fields
            },
        )
        for kpi, value in values.items()
    ]


@router.get("/{account_id}/support", responses=errors(404))
def get_account_support(
    account_id: AccountId, connection: ConnectionDep, customer: CustomerDep
) -> SupportAnswer:
    """Returns the account's support beside its KPIs: rates, the last 90 days, SLA breaches by category."""
    found = account_support(connection, customer, account_id)
    defined = kpi_definitions(connection, customer).get("resolution_time")
    return SupportAnswer.model_validate(
        {
            "as_of": found and found.as_of,
            "resolution_unit": defined.unit if defined else KPIS["resolution_time"].unit,
            "resolution_formula": defined.formula if defined else KPIS["resolution_time"].formula,
            **(found.rates if found else dict.fromkeys(EXTRA_METRICS)),
            "last_90_days": found.metrics if found else dict.fromkeys(SUPPORT_METRICS),
            "sla_breaches": found.breaches if found else [],
        }
    )


@router.get("/{account_id}/kpis/{kpi}/explanation", responses=errors(404))
def get_explanation(
    account_id: AccountId,
    kpi: Annotated[str, Path(max_length=64)],
    explainer: ExplainerDep,
    customer: CustomerDep,
    turns: HeavyTurnsDep,
    limit: Limit = 100,
) -> ExplanationAnswer:
    """Explains the shown value: formula, parts, and the source rows that counted or were left out. Computed
    from the source rows that are in the warehouse now, which takes some seconds."""
    with turns.take(customer):
        return explainer.explain(customer, account_id, kpi, limit)


@router.get("/{account_id}/history", responses=errors(404))
def get_account_history(
    account_id: AccountId,
    connection: ConnectionDep,
    customer: CustomerDep,
    kpi: Annotated[list[str] | None, Query(max_length=70, description="Only these KPIs.")] = None,
    since: Annotated[Instant | None, Query(description="Only points from here on (UTC).")] = None,
) -> HistoryAnswer:
    """Returns the history of the account's health score and values."""
    return HistoryAnswer.model_validate(
        {
            "health": health_series(connection, customer, account_id, since=since),
            "kpis": kpi_series(connection, customer, account_id, kpi, since=since),
            "confirmed_until": confirmed_until(connection, customer),
        }
    )


@router.get("/{account_id}/score-change", responses=errors(404))
def get_score_change(
    account_id: AccountId,
    connection: ConnectionDep,
    customer: CustomerDep,
    since: Annotated[Instant, Query(description="Compares the score as of here (UTC).")],
    until: Annotated[Instant | None, Query(description="With that as of here; by default now.")] = None,
) -> ScoreChangeAnswer:
    """Returns why the account's health score moved between two instants. The points of all reasons are
    together the change of the score."""
    return ScoreChangeAnswer.model_validate(
        score_change(connection, customer, account_id, since, until or datetime.now(UTC))
    )


def _account(summary: AccountSummary) -> AccountAnswer:
    own = {
        name: getattr(summary.account, name)
        for name in AccountAnswer.model_fields
        if hasattr(summary.account, name)
    }
    return AccountAnswer.model_validate(
        own
        | {
            "health_score": summary.health_score,
            "coverage": summary.coverage,
            "health_band": summary.health_band,
            "kpis": dict(summary.kpis),
        }
    )
