"""Effects on the dashboard: which accounts match, what a load does with them, what KPIs mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.account_reading import find_accounts
from kpi_platform.dashboard.accounts import Account, add_account
from kpi_platform.dashboard.definitions import KpiDefinition, kpi_definitions
from kpi_platform.dashboard.past import get_past
from kpi_platform.dashboard.shown_accounts import AccountFilter, AccountSummary
from kpi_platform.domain.errors import InvalidSettings, LoadRefused
from kpi_platform.domain.kpis import KPIS, Kpi
from kpi_platform.domain.sources import SOURCES
from kpi_platform.pipeline.load import LoadReport
from kpi_platform.pipeline.match import MatchReport
from kpi_platform_tests.pipeline.desk import T1, Desk
from kpi_platform_tests.pipeline.marts import MartAccount, write_marts
from kpi_platform_tests.pipeline.matching import match_accounts
from kpi_platform_tests.settings_effects.effect import Effect, merged

_KEYS = count(1)


@dataclass
class Board:
    """A customer's dashboard after two loads with the settings. The first brings three accounts; then the
    dashboard gets two more by hand. The second load, as of the same instant, has another value for one,
    another industry for one, a name that is a little other than a known one, and a website of a known domain.
    `refused` says why the settings were not saved, or the second load changed nothing."""

    matches: MatchReport | None
    second: LoadReport | None
    refused: str
    past_weeks: Callable[[], int]
    """How many weeks before it a first load asks for; another customer's, made when it is asked."""
    accounts: dict[str, Account] = field(default_factory=dict)
    definitions: dict[str, KpiDefinition] = field(default_factory=dict)
    summaries: dict[str, AccountSummary] = field(default_factory=dict)

    @property
    def methods(self) -> dict[str, int]:
        assert self.matches is not None
        return self.matches.by_method

    @property
    def decisions(self) -> dict[str, int]:
        assert self.matches is not None
        return self.matches.by_decision


def board_with(configuration: Configuration, engine: sa.Engine, document: Mapping[str, Any]) -> Board:
    """What the dashboard shows with these settings."""
    desk = Desk(configuration, engine, f"customer{next(_KEYS)}")
    values = {kpi.slug: _between(kpi) for kpi in KPIS.values()}
    alpha = MartAccount("001ALPHA", "Alpha Works", values, {"industry": "Steel"})
    beta = MartAccount("001BETA", "Beta Works", {"nps": 20.0})
    gone = MartAccount("001GONE", "Gone Ventures", values)
    desk.load(T1, [alpha, beta, gone])

    def own(customer: str) -> Mapping[str, Any]:
        schemas = {source: {"schema": f"{customer}_{source}"} for source in SOURCES}
        return merged(schemas, document)

    def past_weeks() -> int:
        fresh = Desk(configuration, engine, f"{desk.customer}_fresh")
        fresh.settings(**own(fresh.customer))
        fresh.load(datetime.now(UTC), [alpha])
        with engine.connect() as connection:
            past = get_past(connection, fresh.customer)
        return past.total if past else 0

    try:
        desk.settings(**own(desk.customer))
    except InvalidSettings as error:
        return Board(None, None, error.message, past_weeks)
    with engine.begin() as connection:
        add_account(connection, desk.customer, name="Quarry Holdings International")
        add_account(connection, desk.customer, name="Domain Owner", website="https://owner.example.com")
    second = [
        MartAccount("001ALPHA", "Alpha Works", values, {"industry": "Glass"}),
        MartAccount("001BETA", "Beta Works", {"nps": 30.0}),
        MartAccount("001QUARRY", "Quarry Holding Internatonal", {"nps": 1}),
        MartAccount("001DOMAIN", "Else Limited", {"nps": 1}, {"website": "https://www.owner.example.com/x"}),
    ]
    write_marts(configuration, desk.customer, T1, second)
    matches = match_accounts(configuration, engine, desk.customer, T1)
    report, refused = None, ""
    try:
        report = desk.load(T1, second)
    except LoadRefused as error:
        refused = error.message
    with engine.connect() as connection:
        page = find_accounts(connection, desk.customer, AccountFilter())
        summaries = {one.account.name: one for one in page.accounts}
        return Board(
            matches, report, refused, past_weeks,
            {name: one.account for name, one in summaries.items()},
            kpi_definitions(connection, desk.customer), summaries,
        )  # fmt: skip


def _between(kpi: Kpi) -> float:
    return (kpi.thresholds.healthy + kpi.thresholds.at_risk) / 2


def _definition(kpi: str, column: str, values: tuple[str, str]) -> Effect:
    return Effect(
        "dashboard", values, lambda board: getattr(board.definitions[kpi], column), customer="defined"
    )


def _threshold(kpi: Kpi, name: str) -> Effect:
    """The value lies between the two; with the other threshold it is healthy, or at risk."""
    first = getattr(kpi.thresholds, name)
    middle = _between(kpi)
    beyond = (middle - first) / 4
    second = middle + beyond
    return Effect(
        "dashboard", (float(first), second),
        _band_of(kpi.slug), customer=f"threshold_{name}",
    )  # fmt: skip


def _band_of(kpi: str) -> Callable[[Board], Any]:
    return lambda board: board.summaries["Alpha Works"].kpis[kpi].band


def _policy(values: tuple[Any, Any], seen: Any, **more: Any) -> Effect:
    return Effect("dashboard", values, seen, **more)


DASHBOARD_EFFECTS: dict[str, Effect] = {
    "account_matching.strategy": _policy(("fuzzy", "domain"), lambda board: board.methods),
    "account_matching.threshold": _policy((0.85, 0.999), lambda board: board.decisions),
    "account_matching.review_threshold": _policy(
        (0.7, 0.999), lambda board: board.decisions, beside={"account_matching": {"threshold": 0.999}}
    ),
    "account_matching.create_new_accounts": _policy((True, False), lambda board: board.refused),
    "account_matching.update_existing_accounts": _policy(
        (True, False), lambda board: board.accounts["Alpha Works"].industry
    ),
    "update.mode": _policy(("upsert", "replace"), lambda board: "Gone Ventures" in board.accounts),
    "update.history_weeks": _policy((0, 2), lambda board: board.past_weeks()),
    "error_handling.on_missing_account": _policy(("create", "error"), lambda board: board.refused),
    "error_handling.on_duplicate_kpi": _policy(
        ("update", "skip"), lambda board: board.summaries["Beta Works"].kpis["nps"].value
    ),
    **{
        f"kpi_mappings.{kpi.slug}.{name}": _definition(kpi.slug, column, (getattr(kpi, column), other))
        for kpi in KPIS.values()
        for name, column, other in (
            ("category", "category", "Something Else"),
            ("impact_level", "impact", "Low"),
            ("measurement_frequency", "frequency", "Quarterly" if kpi.frequency != "Quarterly" else "Daily"),
        )
    },
    **{
        f"kpi_mappings.{kpi.slug}.min_sample": _policy((1, 2), _band_of(kpi.slug), customer="few")
        for kpi in KPIS.values()
    },
    **{
        f"kpi_mappings.{kpi.slug}.thresholds.{name}": _threshold(kpi, name)
        for kpi in KPIS.values()
        for name in ("healthy", "at_risk")
    },
}  # fmt: skip
