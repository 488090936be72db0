"""Custom KPIs that cannot be computed from what landed, and the field that is wrong in each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kpi_platform_tests.pipeline.landing import ACCOUNT, CASE, account, land

COMPUTABLE: Mapping[str, Any] = {
    "name": "Costs of cases", "slug": "case_costs", "source": "salesforce", "table": "case",
    "aggregate": "sum", "field": "Costs__c", "time_field": "Reported__c", "window_days": 30,
}  # fmt: skip
UNCOMPUTABLE: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "a table that there is not": ({"table": "invoice"}, "table"),
    "a column that did not land": ({"field": "Rebate__c"}, "field"),
    "a sum of texts": ({"field": "Priority"}, "field"),
    "a sum of times": ({"field": "CreatedDate"}, "field"),
    "a number as a time": ({"time_field": "Satisfaction_Rating__c"}, "time_field"),
    "a text as a time": ({"time_field": "Priority"}, "time_field"),
    "an operator that there is not": (
        {"filters": [{"field": "Priority", "operator": "like", "value": "H%"}]}, "filters.0.operator",
    ),
    "a section as a value": (
        {"filters": [{"field": "Priority", "operator": "eq", "value": {"is": "High"}}]}, "filters.0.value",
    ),
    "an aggregate that there is not": ({"aggregate": "mode"}, "aggregate"),
    "a condition on a column that did not land": (
        {"filters": [{"or": [{"field": "Rebate__c", "operator": "gt", "value": 1}]}]},
        "filters.0.or.0.field",
    ),
}  # fmt: skip
"""What is wrong → the change of COMPUTABLE, the path in the definition."""


def land_cases(file: Path, schema: str) -> None:
    """Salesforce tables from which COMPUTABLE can be computed; costs and times have landed as text."""
    columns = CASE | {"priority": "varchar", "costs_c": "varchar", "reported_c": "varchar"}
    case = {"id": "c1", "account_id": account(1)["id"], "priority": "High", "costs_c": " 12.50 "}
    cases = [{**case, "reported_c": "2026-11-24 08:00:00"}, {"id": "c2", "priority": "Low", "costs_c": "n/a"}]
    land(file, schema, {"account": (ACCOUNT, [account(1)]), "case": (columns, cases)})
