"""How a customer's incidents are read and judged, as dbt gets it."""

from typing import Any

from kpi_platform.domain.kpi_gaps import Landed, basis_gap
from kpi_platform.domain.settings.sources import ServiceNowSettings


def incident_rules(rules: ServiceNowSettings, landed: Landed) -> dict[str, Any]:
    """Returns the rules that incidents are read and judged by, as columns of the dbt model int_customer."""
    possible = ("business", "sla") if rules.time_basis == "auto" else (rules.time_basis,)
    reopened_by_time = rules.reopened == "open_again" and landed.has_incident_column("reopened_time")
    return {
        "sla_setting": rules.sla_source,
        "sla_unit": rules.sla_unit,
        "child_incidents": rules.child_incidents,
        "reopened": rules.reopened,
        "time_setting": rules.time_basis,
        "has_business_time": "business" in possible and not basis_gap("business", landed),
        "has_sla_time": "sla" in possible and not basis_gap("sla", landed),
        "has_reopening": landed.has_incident_column("reopen_count") or reopened_by_time,
    }
