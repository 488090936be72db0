# Long: every mart of the contract, in its order.
"""All marts of the contract for one customer, from its raw tables, its settings and its sync state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import partial
from typing import Any

from kpi_platform_tests.reference import churn, health, measure, salesforce, servicenow
from kpi_platform_tests.reference.accounts import (
    Account,
    description,
    left_out_accounts,
    salesforce_accounts,
    synced_at,
)
from kpi_platform_tests.reference.ages import too_old
from kpi_platform_tests.reference.formats import as_written
from kpi_platform_tests.reference.identity import id_key
from kpi_platform_tests.reference.incidents import ServiceNow, read_servicenow
from kpi_platform_tests.reference.latest_row import latest_rows
from kpi_platform_tests.reference.measure import Found, Measure, settle
from kpi_platform_tests.reference.money import read_money
from kpi_platform_tests.reference.resolution_time import read_resolution_time
from kpi_platform_tests.reference.revenue import Revenue, read_revenue, segments
from kpi_platform_tests.reference.salesforce import Salesforce
from kpi_platform_tests.reference.servicenow import Support
from kpi_platform_tests.reference.settings import SALESFORCE_KPIS, SERVICENOW_KPIS, WINDOW_DAYS, Rules
from kpi_platform_tests.reference.sla import read_sla
from kpi_platform_tests.reference.tables import RawSchema, Row, Table, open_table
from kpi_platform_tests.reference.values import DAY, EPOCH, MICROSECOND, instant, number, unreadable

MARTS = (
    "accounts_left_out",
    "kpi_values",
    "kpi_salesforce_metrics",
    "kpi_servicenow_metrics",
    "kpi_integrated_metrics",
    "account_health_score",
    "account_churn_risk",
    "servicenow_support_metrics",
    "servicenow_sla_breaches",
    "recurring_revenue_lines",
    "revenue_retention",
)
_TABLES = {
    "salesforce": (
        "account",
        "opportunity",
        "contact",
        "task",
        "event",
        "case",
        "user",
        "task_relation",
        "event_relation",
        "currency_type",
        "dated_conversion_rate",
        "opportunity_line_item",
        "product_2",
        "contract",
        "asset",
        "asset_state_period",
    ),
    "servicenow": ("incident", "task", "task_sla", "contract_sla", "core_company", "sys_choice"),
}
_SALESFORCE_COLUMNS = {
    "nps": "nps",
    "csat": "csat",
    "executive_engagement": "executive_engagement_score",
    "revenue_growth": "revenue_growth_percent",
    "net_revenue_retention": "net_revenue_retention",
    "gross_revenue_retention": "gross_revenue_retention",
    "adoption_index": "adoption_index",
    "churn_risk": "churn_risk",
}
_SERVICENOW_COLUMNS = {
    "support_ticket_volume": "support_ticket_volume",
    "support_ticket_rate": "support_ticket_rate",
    "sla_compliance": "sla_compliance_percent",
    "first_response_time": "first_response_time_hours",
    "resolution_time": "resolution_time_hours",
    "support_satisfaction": "support_satisfaction",
}

MartRow = dict[str, object]
Marts = dict[str, list[MartRow]]


@dataclass(frozen=True)
class Customer:
    """What the platform knows of one customer. `stale` names the sources whose last sync failed or is too
    old, judged at as_of."""

    key: str
    raw: Mapping[str, RawSchema]
    settings: Mapping[str, Any] = field(default_factory=dict)
    stale: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _World:
    customer: Customer
    as_of: int
    rules: Rules
    salesforce: Salesforce
    revenue: Revenue
    servicenow: ServiceNow
    support: Mapping[str, Support]
    no_support: Support
    accounts: Mapping[str, Account]


def compute_marts(customer: Customer, as_of: datetime) -> Marts:
    """Every mart but kpi_daily; of accounts_left_out how many rows it has by reason and type. Times are
    timezone-aware, numbers floats; NULL is None."""
    world = _open_world(customer, as_of)
    marts: Marts = {mart: [] for mart in MARTS}
    left_out = left_out_accounts(world.salesforce.table("account"), world.rules)
    marts["accounts_left_out"] = [
        {"customer_id": customer.key, "reason": reason, "account_type": kind, "accounts": accounts}
        for (reason, kind), accounts in left_out.items()
    ]
    shared = _Shared(world)
    for key, account in world.accounts.items():
        for mart, rows in _account_marts(world, shared, key, account).items():
            marts[mart].extend(
                {"customer_id": customer.key, "account_id": account.account_id, **_plain(row)} for row in rows
            )
    marts["recurring_revenue_lines"] = [
        {"customer_id": customer.key, **_plain(row), "as_of": as_of}
        for row in world.revenue.line_rows(_landed_ids(world))
    ]
    marts["revenue_retention"] = [
        {"customer_id": customer.key, **_plain(row), "as_of": as_of}
        for row in world.revenue.retention_rows(_segments(world))
    ]
    return marts


def _landed_ids(world: _World) -> dict[str, str]:
    """The account_id of each account, whatever its type."""
    rows = latest_rows(world.salesforce.table("account"), "id", id_key)
    return {key: str(row["id"]) for key, row in rows.items()}


def _segments(world: _World) -> dict[str, dict[str, object]]:
    users = latest_rows(world.salesforce.table("user"), "id", id_key)
    rows = latest_rows(world.salesforce.table("account"), "id", id_key)
    return {
        key: segments(row, users.get(id_key(row["owner_id"]) or "", Row({}))) for key, row in rows.items()
    }


def _open_world(customer: Customer, as_of: datetime) -> _World:
    moment = instant(as_of)
    assert moment is not None
    rules = Rules(customer.settings)
    tables = {source: _synced(customer, rules, source) for source in _TABLES}
    known = salesforce_accounts(tables["salesforce"].get("account"), rules)
    snow = read_servicenow(tables["servicenow"], rules, known, moment)
    sla = read_sla(tables["servicenow"], rules, snow, moment)
    time = read_resolution_time(tables["servicenow"], sla.task_slas, rules, snow, moment)
    nobody = Support(False, (), sla, time, moment)
    return _World(
        customer=customer,
        as_of=moment,
        rules=rules,
        salesforce=Salesforce(
            tables["salesforce"], rules, moment, read_money(tables["salesforce"], rules, moment)
        ),
        revenue=read_revenue(tables["salesforce"], rules, moment),
        servicenow=snow,
        support=servicenow.by_account(snow, nobody),
        no_support=nobody,
        accounts={**known.counting, **snow.only_here},
    )


def _synced(customer: Customer, rules: Rules, source: str) -> dict[str, Table]:
    found = {}
    for name in _TABLES[source]:
        written = rules.date_order(source), rules.decimal(source)
        table = open_table(customer.raw.get(source, {}), name, partial(as_written, *written))
        if table is not None and rules.switched_on(source, name):
            found[name] = table
    return found


class _Shared:
    """What is aggregated once for all accounts: "Aggregate each source table by account before joining." """

    def __init__(self, world: _World) -> None:
        self.csat = salesforce.customer_satisfaction(world.salesforce)
        self.engagement = salesforce.executive_engagement(world.salesforce)
        self.growth = salesforce.revenue_growth(world.salesforce)
        self.retention = salesforce.net_revenue_retention(world.salesforce)
        self.synced = salesforce.last_synced(world.salesforce)
        self.salesforce_barriers = {
            kpi: salesforce.barriers(world.salesforce, kpi) for kpi in SALESFORCE_KPIS
        }
        if world.revenue.ledger.basis == "bookings":
            self.salesforce_barriers["gross_revenue_retention"].add("not_mapped")
        if world.revenue.ledger.basis == "asset_periods":
            for kpi in ("revenue_growth", "net_revenue_retention", "gross_revenue_retention"):
                self.salesforce_barriers[kpi] = world.revenue.barriers(kpi)
        self.servicenow_barriers = {
            kpi: servicenow.barriers(world.servicenow, world.no_support, world.rules, kpi)
            for kpi in SERVICENOW_KPIS
        }


def _measures(world: _World, shared: _Shared, key: str, account: Account) -> dict[str, Measure]:
    """The standard KPIs of one account, in the order of the contract."""
    found = _found_in_salesforce(world, shared, key, account)
    support = world.support.get(key, world.no_support)
    users = None if account.row is None else number(account.row[world.salesforce.field("total_users")])
    measures = {}
    for kpi in SERVICENOW_KPIS:
        measures[kpi] = settle(
            kpi,
            servicenow.find(support, world.rules, kpi, users),
            shared.servicenow_barriers[kpi],
            stale="servicenow" in world.customer.stale,
        )
    stale = "salesforce" in world.customer.stale
    for kpi, raw in found.items():
        # "ServiceNow-only account: … Its Salesforce KPIs are `not_mapped` (churn_risk is computed…)"
        barriers = shared.salesforce_barriers[kpi] | ({"not_mapped"} if account.row is None else set())
        measures[kpi] = settle(kpi, raw, barriers, stale=stale)
    risk = churn.churn_risk(
        world.salesforce, account.row, churn.factors(world.salesforce, account.row, measures, support)
    )
    measures["churn_risk"] = settle("churn_risk", risk, shared.salesforce_barriers["churn_risk"], stale=stale)
    return {kpi: measures[kpi] for kpi in WINDOW_DAYS}


def _found_in_salesforce(world: _World, shared: _Shared, key: str, account: Account) -> dict[str, Found]:
    def account_field(name: str, kpi: str) -> Found:
        # "It is too old, so the KPI is `no_data` …; likewise nps and adoption_index: value, numerator,
        # denominator NULL, sample_size 0."
        landed = None if account.row is None else account.row[world.salesforce.field(name)]
        known = None if too_old(world.salesforce, account.row, kpi) else number(landed)
        return measure.field(known, unreadable=unreadable(number, landed))

    nothing = measure.percent(Fraction(0), Fraction(0), 0)
    by_bookings = world.revenue.ledger.basis == "bookings"
    return {
        "nps": account_field("nps_score", "nps"),
        "adoption_index": account_field("adoption_score", "adoption_index"),
        "csat": shared.csat.get(key, measure.mean(())),
        "executive_engagement": shared.engagement.get(key, measure.count(0)),
        "revenue_growth": shared.growth.get(key, nothing) if by_bookings else world.revenue.growth(key),
        "net_revenue_retention": (
            shared.retention.get(key, nothing) if by_bookings else world.revenue.retention(key)
        ),
        "gross_revenue_retention": nothing if by_bookings else world.revenue.gross_retention(key),
    }


def _account_marts(world: _World, shared: _Shared, key: str, account: Account) -> Marts:
    measures = _measures(world, shared, key, account)
    support, has = world.support.get(key, world.no_support), world.servicenow.has
    linked = world.servicenow.linked and world.servicenow.synced
    crm = {
        **description(account, world.salesforce.table("user"), world.salesforce.money),
        **{column: measures[kpi].value for kpi, column in _SALESFORCE_COLUMNS.items()},
    }
    desk = {
        **{column: measures[kpi].value for kpi, column in _SERVICENOW_COLUMNS.items()},
        **(
            servicenow.spread(support, world.rules)
            if measures["resolution_time"].value is not None
            else dict.fromkeys(("resolution_time_median_hours", "resolution_time_p90_hours"))
        ),
        **servicenow.rates(support, world.rules, has),
    }
    found = churn.factors(world.salesforce, account.row, measures, support)
    metrics = servicenow.support_metrics(support, world.rules, has) if linked else None
    return {
        "kpi_values": [_value_row(world, kpi, measured) for kpi, measured in measures.items()],
        "kpi_salesforce_metrics": [crm] if account.row else [],
        "kpi_servicenow_metrics": [desk] if support.seen else [],
        "kpi_integrated_metrics": [
            {
                **crm,
                **desk,
                **(
                    world.revenue.columns(key)
                    if account.row
                    else dict.fromkeys(("arr", "arr_in_grace", "next_renewal_date", "arr_currency"))
                ),
                "revenue_basis": world.revenue.ledger.basis,
                "as_of": _time(world.as_of),
                "last_updated": _last_updated(support, shared, key, account),
            }
        ],
        "account_health_score": [
            health.health(world.salesforce, account.row, measures, world.revenue.ledger.basis)
        ],
        "account_churn_risk": [
            {
                **found.points(),
                "total_churn_risk_score": measures["churn_risk"].value,
                "coverage": found.coverage,
            }
        ],
        "servicenow_support_metrics": [metrics] if metrics else [],
        "servicenow_sla_breaches": servicenow.sla_breaches(support, has) if linked else [],
    }


def _value_row(world: _World, kpi: str, measured: Measure) -> MartRow:
    """ "`window_start` of a `latest` KPI is NULL." """
    windowed = WINDOW_DAYS[kpi] is not None
    return {
        "kpi": kpi,
        "value": measured.value,
        "numerator": measured.numerator,
        "denominator": measured.denominator,
        "sample_size": measured.sample_size,
        "window_start": _time(world.as_of - world.rules.window_days(kpi) * DAY) if windowed else None,
        "window_end": _time(world.as_of),
        "status": measured.status,
        "unreadable_count": measured.unreadable,
        "as_of": _time(world.as_of),
    }


def _last_updated(support: Support, shared: _Shared, key: str, account: Account) -> datetime | None:
    """ "`last_updated`: newest sync of the account, its opportunities, cases and counting incidents." """
    crm = [] if account.row is None else [synced_at(account.row), shared.synced.get(key)]
    moments = [*crm, *(found.synced for found in support.incidents)]
    newest = max((moment for moment in moments if moment is not None), default=None)
    return None if newest is None else _time(newest)


def _time(microseconds: int) -> datetime:
    return EPOCH + microseconds * MICROSECOND


def _plain(row: Mapping[str, object]) -> MartRow:
    return {name: float(value) if isinstance(value, Fraction) else value for name, value in row.items()}
