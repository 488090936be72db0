"""Customers with settings of every kind, and with what the KPIs stand on taken away piece by piece."""

from datetime import datetime, timedelta
from typing import Literal

from kpi_platform_tests.contract.customers import (
    CLASS_TABLES,
    FLAT_API,
    INCOMPLETE,
    Document,
    LandedCustomer,
    Syncs,
    make_customer,
)
from kpi_platform_tests.contract.dirty_rows import AS_OFS
from kpi_platform_tests.contract.dirty_world import DirtyWorld
from kpi_platform_tests.contract.style import Style
from kpi_platform_tests.old_numbers import OLD_NUMBERS

_RENAMED = Style(
    fields={
        "nps_score": "satisfaction_index_c",
        "adoption_score": "usage_points_c",
        "first_responded_at": "x_acme_first_responded_at",
        "customer_account_id": "x_acme_customer_account_id",
        "customer_account_name": "x_acme_customer_account_name",
    }
)
_CHANGED_SETTINGS: Document = {
    "salesforce": {"custom_fields": {"nps_score": "Satisfaction_Index__c"}, "sync_objects": {"cases": False}},
    "servicenow": {"sla_source": "sla_due", "table_prefix": "x_acme_"},
    "kpi_mappings": {
        "adoption_index": {"field": "Usage_Points__c"},
        "executive_engagement": {"window_days": 90},
        "support_ticket_volume": {"window_days": 7},
        "support_ticket_rate": {"window_days": 45},
        "sla_compliance": {"window_days": 90},
        "resolution_time": {"enabled": False},
        "churn_risk": {
            "factors": {
                "nps_risk": {"weight": 40, "limit": 30.5},
                "csat_risk": {"limit": 4},
                "inactivity_risk": {"weight": 10, "limit": 60},
                "support_volume_risk": {"limit": 2},
                "relationship_risk": {"weight": 0, "limit": 1},
            }
        },
        "revenue_growth": {"window_days": 90},
        "net_revenue_retention": {
            "window_days": 700,
            "types": {"new_business": ["Services"], "renewal": ["renewal"], "expansion": ["Renewal;UPSELL"]},
        },
    },
    "health_score": {
        "weights": {"relationship": 0.25, "adoption": 0.25, "business_outcomes": 0, "support": 0.5}
    },
}
_SWITCHED_OFF: Document = {
    "salesforce": {"sync_objects": {"contacts": False, "opportunities": False}},
    "servicenow": {"sla_source": "made_sla"},
    "kpi_mappings": {
        "nps": {"enabled": False},
        "support_ticket_volume": {"enabled": False},
        "churn_risk": {"enabled": False},
    },
}


_LONG_WINDOWS: Document = {
    "kpi_mappings": {
        kpi: {"window_days": 500}
        for kpi in ("revenue_growth", "net_revenue_retention", "support_ticket_volume")
    }
}
_STANDARD: Document = {
    "health_score": {"scheme": "standard"},
    "kpi_mappings": {"support_ticket_volume": {"window_days": 45}},
}
_AUTO_TIME: Document = {"servicenow": {"time_basis": "auto"}}
_ALIVE = {"is_deleted": False, "_fivetran_deleted": False, "_fivetran_synced": AS_OFS[0]}
_A_LITTLE = timedelta(microseconds=1)
_DAY = timedelta(days=1)


def special_customers(seed: str) -> list[LandedCustomer]:
    """`seed` is part of their keys."""
    return [
        *_with_other_settings(seed),
        *_with_sources_off(seed),
        *_without_fields(seed),
        *_with_late_syncs(seed),
    ]


def _with_other_settings(seed: str) -> list[LandedCustomer]:
    both = Style(layout="both")
    return [
        *(_written(seed, order) for order in ("dmy", "mdy")),
        make_customer("changed", seed, _RENAMED, _CHANGED_SETTINGS),
        make_customer("old_numbers", seed, Style(layout="both", labels=True), OLD_NUMBERS),
        make_customer("switched_off", seed, CLASS_TABLES, _SWITCHED_OFF),
        make_customer("long_windows", seed, both, _LONG_WINDOWS, accounts=8, incidents=200),
        make_customer("busy", seed, both, accounts=4, incidents=40, change=_ten_and_eleven_tickets),
        make_customer(
            "standard", seed, both, _STANDARD, accounts=8, incidents=200, change=_silent_and_more_than_usual
        ),
        *(
            make_customer(f"dated_{scheme}", seed, style, _dated(scheme), change=_of_all_ages)
            for scheme, style in (("standard", both), ("classic", FLAT_API))
        ),
        make_customer("outage", seed, CLASS_TABLES, _AUTO_TIME, accounts=4, incidents=60, change=_outage),
    ]


def _outage(world: DirtyWorld) -> None:
    """An outage that nobody owns, with tickets of two accounts; a line of tickets of one account, cycles of
    one to five, and tickets that lead into them."""
    parents: dict[str, str | None] = {"outage": None}
    owners = {"outage": "nobody at all"}
    for number in range(8):
        parents[f"of outage {number}"] = "outage"
        owners[f"of outage {number}"] = ("001TEN000000000", "001ELEVEN000000")[number % 2]
    for number in range(12):
        parents[f"line {number}"] = f"line {number - 1}" if number else None
    for length in range(1, 6):
        for number in range(length):
            parents[f"cycle {length} {number}"] = f"cycle {length} {(number + 1) % length}"
        parents[f"into {length}"] = f"cycle {length} 0"
        parents[f"far into {length}"] = f"into {length}"
    parents |= {"lost": "no such incident", "stray": "of outage 1"}
    for sys_id, parent in parents.items():
        _open_ticket(world, sys_id, owners.get(sys_id, "001TEN000000000"), parent)
    for account in ("001TEN000000000", "001ELEVEN000000"):
        _add_account(world, account)


def _written(seed: str, order: Literal["dmy", "mdy"]) -> LandedCustomer:
    formats = {"formats": {"date_order": order, "decimal": "comma"}}
    style = Style(layout="both", times="text", as_text=True, local=order)
    document = {"salesforce": formats, "servicenow": formats}
    return make_customer(f"written_{order}", seed, style, document, accounts=8, incidents=100)


def _ten_and_eleven_tickets(world: DirtyWorld) -> None:
    """One account at the limit of the churn factor, one above it."""
    for account, tickets in (("001TEN000000000", 10), ("001ELEVEN000000", 11)):
        _add_account(world, account)
        for number in range(tickets):
            _open_ticket(world, f"{account} {number}", account, None)


def _dated(scheme: str) -> Document:
    """Settings with dates of all inputs but one, whose column is not there."""
    names = ("nps", "adoption_index", "activation", "churn_risk")
    fields = {f"{name}_date": f"{name.title()}_Date__c" for name in names}
    chosen = {"adoption_index": 30, "churn_risk": None} if scheme == "standard" else {"nps": 200}
    return {
        "salesforce": {"custom_fields": {**fields, "feature_usage_date": "Nowhere__c"}},
        "health_score": {"scheme": scheme, "max_age_days": {**chosen, "activation": 90}},
    }


def _of_all_ages(world: DirtyWorld) -> None:
    """Accounts of all ages, at and around the limits, after as_of, and without dates."""
    days = (0, 29, 30, 31, 89, 90, 91, 200, 364, 365, 366, -1)
    for number, row in enumerate(world.salesforce["account"]):
        for place, name in enumerate(("nps", "adoption_index", "activation", "feature_usage", "churn_risk")):
            ago = timedelta(days=days[(number + 5 * place) % len(days)])
            late = _A_LITTLE * ((number + place) % 3 - 1)
            row[f"{name}_date"] = None if (number + place) % 7 == 0 else AS_OFS[0] - ago + late


def _silent_and_more_than_usual(world: DirtyWorld) -> None:
    """Accounts at both ends of the silent days, of the busy ones and of those before the window; some with
    users by which their tickets are as many as the limit of the rate, or more."""
    for name, days, users in (
        ("SILENT", [61 * _DAY] * 9 + [210 * _DAY], None),
        ("NOTBUSY", [61 * _DAY] * 9 + [210 * _DAY + _A_LITTLE], None),
        ("STILLBUSY", [61 * _DAY] * 10 + [60 * _DAY], None),
        ("FRESH", [60 * _DAY + _A_LITTLE] * 10, None),
        ("USUAL", [1 * _DAY] * 12 + [46 * _DAY] * 12, None),
        ("MOREUSUAL", [1 * _DAY] * 12 + [135 * _DAY] * 11 + [135 * _DAY + _A_LITTLE], None),
        ("RATE", [1 * _DAY] * 12, 240),
        ("MORERATE", [1 * _DAY] * 12, 239),
    ):
        account = f"001{name:0<12}"
        _add_account(world, account, total_users=users)
        for number, ago in enumerate(days):
            _open_ticket(world, f"{name} {number}", account, None, AS_OFS[0] - ago)


def _add_account(world: DirtyWorld, account: str, **columns: object) -> None:
    accounts = world.salesforce["account"]
    first = {**accounts[0], "id": account, "type": "Customer", "master_record_id": None, **_ALIVE}
    accounts.append({**first, **columns})


def _open_ticket(
    world: DirtyWorld,
    sys_id: str,
    account: str,
    parent: str | None,
    opened_at: datetime = AS_OFS[0] - _DAY,
) -> None:
    incidents = world.servicenow["incident"]
    incidents.append(
        {
            **incidents[0],
            "sys_id": sys_id,
            "customer_account_id": account,
            "opened_at": opened_at,
            "state": 2,
            "incident_state": 2,
            "parent_incident_value": parent,
            **_ALIVE,
        }
    )


def _with_sources_off(seed: str) -> list[LandedCustomer]:
    settings: dict[str, Document] = {
        "no_accounts": {"salesforce": {"sync_objects": {"accounts": False}}},
        "no_salesforce": {"salesforce": {"enabled": False}},
        "no_servicenow": {"servicenow": {"enabled": False}},
        "no_tasks": {"servicenow": {"sync_tables": {"tasks": False}}},
    }
    return [
        *(make_customer(key, seed, CLASS_TABLES, document, accounts=8) for key, document in settings.items()),
        make_customer(
            "no_sla_table", seed, INCOMPLETE, {"servicenow": {"sla_source": "task_sla"}}, accounts=8
        ),
        make_customer("flat_no_tasks", seed, FLAT_API, settings["no_tasks"], accounts=8),
    ]


def _without_fields(seed: str) -> list[LandedCustomer]:
    closing = {"incident.resolved_at", "task.closed_at", "incident.closed_at"}
    missing: dict[str, tuple[set[str], str]] = {
        "unlinked": ({"incident.customer_account_id", "task.company_value"}, "auto"),
        "by_company": ({"incident.customer_account_id"}, "auto"),
        "no_companies": ({"incident.customer_account_id", "core_company"}, "auto"),
        "no_sla": ({"task_sla", "task.sla_due", "task.made_sla"}, "auto"),
        "no_sla_due": ({"task.sla_due"}, "sla_due"),
        "no_opening": ({"task.opened_at"}, "auto"),
        "no_closing": (closing, "made_sla"),
        "no_closing_due": (closing, "sla_due"),
        "no_contracts": ({"contract_sla"}, "task_sla"),
        "no_targets": ({"contract_sla.target", "task_sla.stage"}, "auto"),
        "no_types": ({"contract_sla.type", "task_sla.planned_end_time", "sys_choice.language"}, "auto"),
    }
    small = [
        make_customer(
            key,
            seed,
            Style(absent=frozenset(absent)),
            {"servicenow": {"sla_source": source}},
            accounts=5,
            incidents=120,
        )
        for key, (absent, source) in missing.items()
    ]
    return [*small, make_customer("old_slas", seed, CLASS_TABLES, accounts=8, change=_delete_slas)]


def _delete_slas(world: DirtyWorld) -> None:
    for row in world.servicenow["task_sla"]:
        row["_fivetran_deleted"] = True


def _with_late_syncs(seed: str) -> list[LandedCustomer]:
    """A sync exactly two frequencies ago and one a microsecond longer ago; a failure after and before a
    success; a source that never succeeded."""
    now = AS_OFS[0]
    hour = timedelta(hours=1)
    syncs: list[Syncs] = [
        {"salesforce": (now - 12 * hour, None), "servicenow": (now - 6 * hour - _A_LITTLE, None)},
        {"salesforce": (now - 12 * hour - _A_LITTLE, None), "servicenow": (now - 6 * hour, None)},
        {"salesforce": (now - 2 * hour, now - hour), "servicenow": (now - hour, now - 2 * hour)},
        {"salesforce": (None, now - hour), "servicenow": (None, None)},
    ]
    every_six_hours: Document = {"salesforce": {"sync_frequency_minutes": 360}}
    return [
        make_customer(
            f"late{number}", seed, CLASS_TABLES, every_six_hours, accounts=5, incidents=60, syncs=states
        )
        for number, states in enumerate(syncs)
    ]
