# Long: the rows on which each setting shows its effect.
"""Effects on what is computed: one build for all, of customers that differ in their settings alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kpi_platform.adapters import duckdb_file
from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.health import DATED_INPUTS
from kpi_platform.domain.settings import parse_settings
from kpi_platform.pipeline.batch import CustomerInput, batches_of
from kpi_platform_tests.pipeline.landing import land
from kpi_platform_tests.settings_effects.effect import Effect, merged

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
RAW = {"salesforce": {"schema": "one_crm"}, "servicenow": {"schema": "one_itsm"}}
LEDGER = merged(RAW, {"revenue": {"basis": "contract_terms"}})
STANDARD = merged(RAW, {"health_score": {"scheme": "standard"}})
_MARTS = (
    "kpi_values",
    "account_health_score",
    "account_churn_risk",
    "kpi_integrated_metrics",
    "recurring_revenue_lines",
    "account_outcomes",
)
_LAST_WEEK, _LONG_AGO = datetime(2026, 2, 20), datetime(2025, 12, 1)

# Of each field its value, and another one that stands in a second column, at one account only: the account
# that is named like the field.
_FIELDS: Mapping[str, tuple[str, Any, Any]] = {
    "nps_score": ("double", 40.0, 60.0),
    "adoption_score": ("double", 50.0, 70.0),
    "churn_risk": ("double", 30.0, 80.0),
    "health_score": ("varchar", "20", "90"),
    "last_login_date": ("varchar", str(_LAST_WEEK), str(_LONG_AGO)),
    "active_users": ("double", 5.0, 8.0),
    "total_users": ("double", 10.0, 20.0),
    "feature_usage_score": ("double", 30.0, 60.0),
    "executive_engagement": ("varchar", "High", "Low"),
    "churn_date": ("date", date(2026, 1, 10), date(2026, 1, 20)),
}
_LANDED = {"churn_risk": "churn_risk_score_c"}
_CASES = "satisfaction_rating"
_TOUCHES: Mapping[str, dict[str, Any]] = {
    "called": {"is_closed": True, "activity_date": _LAST_WEEK.date()},
    "mailed": {"is_closed": True, "activity_date": _LAST_WEEK.date(), "task_subtype": "Email"},
    "planned": {"is_closed": True, "activity_date": _LAST_WEEK.date(), "created_date": _LONG_AGO},
}
"""A task for each account with one executive that is named so."""
_FAMILIES = ("Software", "Set-up")
_TYPES = {"first": "Alpha", "second": "Beta", "third": "Gamma"}


@dataclass(frozen=True)
class Computed:
    """The marts of one customer."""

    rows: Mapping[str, list[dict[str, Any]]]

    def value(self, account: str, kpi: str, column: str = "value") -> Any:
        [row] = [one for one in self.rows["kpi_values"] if (one["account_id"], one["kpi"]) == (account, kpi)]
        return row[column]

    def has(self, account: str) -> bool:
        return any(one["account_id"] == account for one in self.rows["kpi_values"])

    def health(self, account: str, column: str) -> Any:
        [row] = [one for one in self.rows["account_health_score"] if one["account_id"] == account]
        return row[column]

    def weight(self, category: str, *inputs: str) -> float:
        """How much a category counts at an account of which all its inputs are known."""
        points = sum(self.health("nps_score", f"{name}_contribution") for name in inputs)
        return round(points / self.health("nps_score", f"{category}_score"), 9)

    def risk(self, account: str, factor: str) -> Any:
        [row] = [one for one in self.rows["account_churn_risk"] if one["account_id"] == account]
        return row[factor]

    def basis(self) -> Any:
        [basis] = {one["revenue_basis"] for one in self.rows["kpi_integrated_metrics"]}
        return basis

    def line(self, opportunity: str, column: str) -> Any:
        [row] = [one for one in self.rows["recurring_revenue_lines"] if one["line_id"] == opportunity]
        return row[column]

    def left(self, account: str) -> Any:
        """When the account left."""
        [row] = [one for one in self.rows["account_outcomes"] if one["account_id"] == account]
        return row["outcome_date"]

    def accounts(self) -> set[str]:
        """Those that count."""
        return {one["account_id"] for one in self.rows["kpi_integrated_metrics"]}

    def name(self, account: str) -> Any:
        [row] = [one for one in self.rows["kpi_integrated_metrics"] if one["account_id"] == account]
        return row["account_name"]


def compute(
    configuration: Configuration, effects: Mapping[str, Effect], base: Mapping[str, Any] = RAW
) -> dict[str, Computed]:
    """The marts of the customer `base`, and of each customer that effects name, with all their settings."""
    _land(configuration)
    documents: dict[str, dict[str, Any]] = {"base": dict(base)}
    for path, effect in effects.items():
        known = documents.get(effect.customer, base)
        documents[effect.customer] = merged(known, effect.documents(path)[1])
    inputs = []
    for key, document in documents.items():
        settings = parse_settings(document)
        destination = open_destination(configuration, settings.warehouse, CustomerSecrets(configuration, key))
        inputs.append(CustomerInput(key, settings, {}, destination))
    [batch] = batches_of(inputs, AS_OF)
    assert not batch.left_out, batch.left_out
    select = [f"+{mart}" for mart in _MARTS]
    results = DbtProject(configuration, batch.destination).build("run", batch.vars(), select=select)
    assert {result.status for result in results} == {"success"}, results
    return {
        key: Computed(
            {
                mart: [row for rows in batch.destination.read_mart(mart, key) for row in rows.to_pylist()]
                for mart in _MARTS
            }
        )
        for key in documents
    }


def _land(configuration: Configuration) -> None:
    file = configuration.warehouse_file
    land(file, "one_crm", _salesforce())
    land(file, "one_itsm", _servicenow())
    land(file, "other_crm", {"account": (_ACCOUNT, [_account("nps_score", nps_score_c=90.0)])})
    tickets = [_incident("sn_id"), _incident("sn_id")]
    land(
        file,
        "other_itsm",
        {"incident": (_INCIDENT, [one | {"sys_id": str(i)} for i, one in enumerate(tickets)])},
    )
    with duckdb_file.connect(file) as warehouse:
        warehouse.execute("create schema if not exists kpi")


_ACCOUNT = {
    "id": "varchar", "name": "varchar", "type": "varchar", "is_deleted": "boolean",
    "_fivetran_synced": "timestamp",
    **{_LANDED.get(field, f"{field}_c"): kind for field, (kind, _, _) in _FIELDS.items()},
    **{f"other_{field}_c": kind for field, (kind, _, _) in _FIELDS.items()},
    **{f"{name}_date_c": "date" for name in DATED_INPUTS},
}  # fmt: skip
_OPPORTUNITY = {
    "id": "varchar", "account_id": "varchar", "type": "varchar", "amount": "double", "is_won": "boolean",
    "currency_iso_code": "varchar",
    "close_date": "date", "is_deleted": "boolean", "_fivetran_synced": "timestamp",
    "other_opportunity_arr_c": "double", "other_opportunity_start_date_c": "date",
    "other_opportunity_end_date_c": "date", "other_opportunity_term_months_c": "double",
    "contract_id": "varchar", "other_opportunity_renewed_contract_c": "varchar",
}  # fmt: skip
_CURRENCY = {
    "id": "varchar", "iso_code": "varchar", "conversion_rate": "double", "is_corporate": "boolean",
    "start_date": "date", "is_deleted": "boolean", "_fivetran_synced": "timestamp",
}  # fmt: skip
_ITEM = {
    "id": "varchar", "opportunity_id": "varchar", "product_2_id": "varchar", "total_price": "double",
    "family": "varchar", "is_deleted": "boolean", "_fivetran_synced": "timestamp",
}  # fmt: skip
_CASE = {
    "id": "varchar", "account_id": "varchar", "created_date": "timestamp", "satisfaction_rating_c": "double",
    "other_satisfaction_rating_c": "double", "is_deleted": "boolean", "_fivetran_synced": "timestamp",
}  # fmt: skip
_ACTIVITY = {
    "id": "varchar", "account_id": "varchar", "who_id": "varchar", "status": "varchar",
    "is_closed": "boolean", "task_subtype": "varchar", "created_date": "timestamp",
    "activity_date": "date", "title": "varchar", "is_deleted": "boolean", "_fivetran_synced": "timestamp",
}  # fmt: skip
_MAPPED = {
    "customer_account_id": "varchar", "customer_account_name": "varchar", "first_responded_at": "varchar",
    "satisfaction_rating": "varchar",
}  # fmt: skip
_INCIDENT = {
    "sys_id": "varchar", "opened_at": "timestamp", "resolved_at": "timestamp", "state": "varchar",
    "parent_incident_value": "varchar", "business_stc": "bigint",
    "reopened_time": "timestamp", "sla_due": "timestamp",
    "made_sla": "boolean", "_fivetran_synced": "timestamp",
    **{
        f"{prefix}_{field}": kind for prefix in ("u", "other", "x") for field, kind in _MAPPED.items()
    },
}  # fmt: skip
_TASK_SLA = {
    "sys_id": "varchar", "task_value": "varchar", "stage": "varchar", "has_breached": "boolean",
    "end_time": "timestamp", "planned_end_time": "timestamp", "_fivetran_synced": "timestamp",
}  # fmt: skip


_OTHER_TERMS: Mapping[str, Any] = {
    "other_opportunity_arr_c": 500.0, "other_opportunity_start_date_c": date(2025, 5, 1),
    "other_opportunity_end_date_c": date(2026, 4, 30), "other_opportunity_term_months_c": 12.0,
    "other_opportunity_renewed_contract_c": "other",
}  # fmt: skip


def _account(key: str, **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"id": key, "name": key.title(), "type": "Customer", "is_deleted": False}
    for field, (_, usual, other) in _FIELDS.items():
        # If there is a churn risk of the CRM's own, none is computed.
        known = usual if field != "churn_risk" or key == field else None
        row[_LANDED.get(field, f"{field}_c")] = known
        row[f"other_{field}_c"] = other if key == field else known
    dates = dict.fromkeys(f"{name}_date_c" for name in DATED_INPUTS)
    return {**row, **dates, **values, "_fivetran_synced": _LAST_WEEK}


def _salesforce() -> dict[str, Any]:
    accounts = [
        *_FIELDS,
        _CASES,
        *_TYPES,
        "sn_id",
        "sn_first",
        "sn_rating",
        "sn_sla",
        "sixes",
        *_TOUCHES,
        "euro",
        "yen",
        "sn_reopened",
        "sn_child",
    ]
    risky = _account("risky", nps_score_c=5.0, last_login_date_c=str(_LONG_AGO), executive_engagement_c="Low")
    old = dict.fromkeys((f"{name}_date_c" for name in DATED_INPUTS), date(2024, 1, 1))
    dated = [
        _account("dated", churn_risk_score_c=30.0, **old),
        _account("aged", nps_date_c=date(2025, 12, 1)),
    ]
    written = _account("written", health_score_c="20,5", last_login_date_c="20/02/2026")
    won: list[dict[str, Any]] = []
    for account, kind, currency in (
        *((account, kind, None) for account, kind in _TYPES.items()),
        ("nps_score", "Renewal", None), ("euro", "Renewal", "EUR"), ("yen", "Renewal", "JPY"),
    ):  # fmt: skip
        for number, day in enumerate((date(2024, 6, 1), date(2025, 6, 1))):
            won.append(
                {
                    "id": f"{account}{number}", "account_id": account, "type": kind, "amount": 100.0 + number,
                    "currency_iso_code": currency, "is_won": True, "close_date": day, "is_deleted": False,
                    "_fivetran_synced": _LAST_WEEK, **_OTHER_TERMS,
                    "contract_id": None if number else "one",
                }
            )  # fmt: skip
    cases = [
        {
            "id": account, "account_id": account, "created_date": _LAST_WEEK, "satisfaction_rating_c": 4.0,
            "other_satisfaction_rating_c": 2.0 if account == _CASES else 4.0, "is_deleted": False,
            "_fivetran_synced": _LAST_WEEK,
        }
        for account in accounts
    ]  # fmt: skip
    cases.append({**cases[0], "id": "risky", "account_id": "risky", "satisfaction_rating_c": 2.0})
    cases.append({**cases[0], "id": "six", "account_id": "sixes", "satisfaction_rating_c": 6.0})
    return {
        "account": (
            _ACCOUNT,
            [
                *map(_account, accounts),
                risky,
                written,
                _account("silent"),
                *dated,
                _account("prospect", type="Prospect"),
            ],
        ),
        "opportunity": (_OPPORTUNITY, won),
        "case": (_CASE, cases),
        "opportunity_line_item": (
            _ITEM,
            [
                _item(key, opportunity_id="nps_score1", product_2_id=key, total_price=50.0)
                for key in _FAMILIES
            ],
        ),
        "product_2": (_ITEM, [_item(key, family=key) for key in _FAMILIES]),
        "currency_type": (_CURRENCY, [_rate("USD", 1.0, is_corporate=True), _rate("EUR", 0.5)]),
        "dated_conversion_rate": (
            _CURRENCY,
            [_rate("JPY", 100.0, "2024-01-01"), _rate("JPY", 200.0, "2025-01-01")],
        ),
        "contact": (_ACTIVITY, [_activity(key, account_id=key, title="CEO") for key in _TOUCHES]),
        "task": (_ACTIVITY, [_activity(key, who_id=key, **task) for key, task in _TOUCHES.items()]),
    }


def _item(key: str, **values: Any) -> dict[str, Any]:
    return {**dict.fromkeys(_ITEM), "id": key, "is_deleted": False, "_fivetran_synced": _LAST_WEEK, **values}


def _rate(iso_code: str, rate: float, since: str | None = None, **values: Any) -> dict[str, Any]:
    start = None if since is None else date.fromisoformat(since)
    return {
        **dict.fromkeys(_CURRENCY), "id": f"{iso_code}{since}", "iso_code": iso_code,
        "conversion_rate": rate, "start_date": start, "is_deleted": False, "_fivetran_synced": _LAST_WEEK,
        **values,
    }  # fmt: skip


def _activity(key: str, **values: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(_ACTIVITY)
    return {**nothing, "id": key, "is_deleted": False, "_fivetran_synced": _LAST_WEEK, **values}


def _incident(account: str, written: Mapping[str, str] | None = None, **other: Any) -> dict[str, Any]:
    """Opened, responded to, resolved and rated in the last week, or as is `written`; `other` stands in the
    second columns."""
    facts: dict[str, Any] = {
        "customer_account_id": account,
        "customer_account_name": "One Name",
        "first_responded_at": str(_LAST_WEEK + timedelta(hours=2)),
        "satisfaction_rating": "4",
    } | (written or {})
    second = facts | other
    return {
        "sys_id": account, "opened_at": _LAST_WEEK, "resolved_at": _LAST_WEEK + timedelta(days=3),
        "state": "7", "business_stc": 7200,
        # Late by the one account of it, in time by the other.
        "sla_due": _LAST_WEEK + timedelta(days=1), "made_sla": True, "_fivetran_synced": _LAST_WEEK,
        **{f"u_{name}": value for name, value in facts.items()},
        **{f"{prefix}_{name}": value for prefix in ("other", "x") for name, value in second.items()},
    }  # fmt: skip


def _servicenow() -> dict[str, Any]:
    incidents = [
        _incident("nps_score"),
        _incident("sn_id", customer_account_id="elsewhere"),
        _incident("sn_only", customer_account_name="Other Name"),
        _incident("sn_first", first_responded_at=str(_LAST_WEEK + timedelta(hours=9))),
        _incident("sn_rating", satisfaction_rating="1"),
        _incident("written", {"first_responded_at": "20.2.2026 2:00 PM", "satisfaction_rating": "2,5"}),
        _incident("sn_sla"),
        _incident("sixes"),
        {**_incident("sixes"), "sys_id": "six", "u_satisfaction_rating": "6"},
        _incident("sn_reopened") | {"reopened_time": _LAST_WEEK + timedelta(days=4)},
        _incident("sn_child") | {"parent_incident_value": "sn_sla"},
        _incident("N/A"),
        *(_incident("risky") | {"sys_id": f"risky{number}"} for number in range(11)),
        *(
            _incident("silent") | {"sys_id": f"silent{number}", "opened_at": _LONG_AGO}
            for number in range(10)
        ),
    ]
    return {"incident": (_INCIDENT, incidents), "task_sla": (_TASK_SLA, _slas(incidents))}


def _slas(incidents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One of each incident, met; and of one a second one, which was not."""
    met = {"stage": "completed", "end_time": _LAST_WEEK, "_fivetran_synced": _LAST_WEEK}
    late = met | {"sys_id": "late", "task_value": "sn_sla", "has_breached": True}
    return [met | {"sys_id": one["sys_id"], "task_value": one["sys_id"]} for one in incidents] + [late]
