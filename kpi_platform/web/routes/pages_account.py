"""Page 2: one account. Every number with how it came about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from kpi_platform.dashboard.account_history import confirmed_until, health_series, kpi_series
from kpi_platform.dashboard.account_reading import account_detail
from kpi_platform.dashboard.account_support import account_support
from kpi_platform.dashboard.accounts import Account
from kpi_platform.dashboard.definitions import KpiDefinition, kpi_definitions
from kpi_platform.dashboard.matches import matches_of_account
from kpi_platform.dashboard.peers import HEALTH, peer_places
from kpi_platform.dashboard.shown_accounts import KpiValue
from kpi_platform.domain.account_columns import ACCOUNT_COLUMNS
from kpi_platform.domain.health import HEALTH_CATEGORIES
from kpi_platform.domain.kpis import HEALTH_THRESHOLDS, KPIS, Thresholds
from kpi_platform.domain.rating_scales import SCALES
from kpi_platform.domain.reason_names import input_name
from kpi_platform.domain.record_links import account_pages
from kpi_platform.domain.settings import CustomerSettings, HealthWeights, RatingMapping
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.customer_settings import effective_settings, health_weights_at
from kpi_platform.web.charts import Part, Point
from kpi_platform.web.dependencies import ConfigurationDep, ConnectionDep, CustomerDep, ExplainerDep
from kpi_platform.web.formats import BAND_WORDS, REASON_WORDS, missing_reason, money, number, percent, words
from kpi_platform.web.moved_score import moved_score
from kpi_platform.web.page import CustomerPageDep
from kpi_platform.web.revenue_facts import revenue_facts
from kpi_platform.web.schemas.answers import Instant
from kpi_platform.web.setting_labels import setting_label

router = APIRouter(include_in_schema=False)

AccountId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@dataclass(frozen=True, slots=True)
class Category:
    """The contribution of one category to the health score: `points` of 100, by input. `weight` is the one
    that the score was computed with; None if the settings of that time cannot be read any more."""

    name: str
    style: str
    score: float | None
    weight: float | None
    points: float
    inputs: list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class ShownKpi:
    """The history of a value for its chart. `until` is the end of the chart, `confirmed` the instant until
    which the shown value holds. `reason` says in a sentence why the value is missing or old, or is empty."""

    definition: KpiDefinition
    value: KpiValue
    thresholds: Thresholds | None
    points: list[Point]
    until: datetime | None
    confirmed: datetime
    reason: str


@router.get("/accounts/{account_id}")
def show_account(
    account_id: AccountId,
    page: CustomerPageDep,
    configuration: ConfigurationDep,
    connection: ConnectionDep,
    customer: CustomerDep,
    explainer: ExplainerDep,
    since: Instant | None = None,
    until: Instant | None = None,
) -> HTMLResponse:
    """Returns everything about one account, and what moved its score from `since` to `until`."""
    # Its values are explained in drawers.
    explainer.prepare()
    detail = account_detail(connection, customer, account_id)
    settings = effective_settings(configuration, connection, customer)
    definitions = kpi_definitions(connection, customer)
    series = kpi_series(connection, customer, account_id)
    ends = confirmed_until(connection, customer)
    kpis: list[ShownKpi] = []
    for slug, value in detail.summary.kpis.items():
        one = definitions[slug]
        points: list[Point] = [(point.as_of, point.value) for point in series.get(slug, [])]
        end = ends.get(one.source)
        confirmed = max(end or value.as_of, value.as_of)
        reason = _reason(settings, value)
        kpis.append(ShownKpi(one, value, _thresholds(one), points, end, confirmed, reason))
    weights = health_weights_at(connection, customer, detail.health_settings)
    categories = _categories(detail.health, weights)
    parts = [
        Part(f"{category.name}: {name}", points, category.style)
        for category in categories
        for name, points in category.inputs
    ]
    peers = peer_places(connection, customer, detail.summary, definitions)
    health = health_series(connection, customer, account_id)
    return page.show(
        "account.html",
        account=detail.summary.account,
        summary=detail.summary,
        facts=_facts(detail.summary.account),
        crm_score=detail.health.get("crm_health_score"),
        parts=parts,
        parts_in_words=", ".join(f"{one.name} {number(one.points)}" for one in categories),
        categories=categories,
        health_points=[(point.as_of, point.health_score) for point in health],
        health_thresholds=HEALTH_THRESHOLDS,
        moved=moved_score(connection, customer, account_id, health, definitions, since, until),
        until=max(ends.values(), default=None),
        kpis=kpis,
        peers=peers,
        health_peers=peers.get(HEALTH),
        support=account_support(connection, customer, account_id),
        resolution=definitions.get("resolution_time"),
        sources=[
            (match, account_pages(settings, match.source_account_id))
            for match in matches_of_account(connection, customer, account_id)
        ],
        instance_section=SOURCES[0],
        band_words=BAND_WORDS,
        reason_words=REASON_WORDS,
    )


def _reason(settings: CustomerSettings, value: KpiValue) -> str:
    if value.status == "ok":
        return ""
    mapping = settings.kpi_mappings[value.kpi] if value.kpi in KPIS else None
    if value.status == "out_of_range" and isinstance(mapping, RatingMapping):
        return (
            f"More than {percent(mapping.max_outside)} of the ratings lie outside the scale "
            f"{SCALES[mapping.scale]}, so there is no value. If people rate on another scale, "
            f"change '{setting_label(f'kpi_mappings.{value.kpi}.scale')}' in the settings."
        )
    return missing_reason(value)


def _thresholds(definition: KpiDefinition) -> Thresholds | None:
    if definition.healthy is None or definition.at_risk is None:
        return None
    return Thresholds(definition.healthy, definition.at_risk)


def _facts(account: Account) -> list[str]:
    facts = []
    for column in ACCOUNT_COLUMNS:
        value = getattr(account, column.name)
        if column.fact and value not in (None, ""):
            facts.append(column.fact.format(money(value) if column.type == "float" else value))
    facts.extend(revenue_facts(account))
    return facts or ["Nothing more is known of it"]


def _categories(health: Mapping[str, float | None], weights: HealthWeights | None) -> list[Category]:
    """In the order of the bar; empty if there is no score."""
    if health.get("health_score") is None:
        return []
    found = []
    for position, (category, inputs) in enumerate(HEALTH_CATEGORIES.items(), start=1):
        given = [(input_name(one.name), health.get(f"{one.name}_contribution")) for one in inputs]
        known = [(name, points) for name, points in given if points is not None]
        score = health.get(f"{category}_score")
        weight = weights.model_dump()[category] if weights else None
        total = sum(points for _, points in known)
        found.append(Category(words(category), f"series-{position}", score, weight, total, known))
    return found
