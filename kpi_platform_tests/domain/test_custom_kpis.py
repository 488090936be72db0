from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kpi_platform.domain.custom_kpi_columns import check_custom_kpi, column_kind, custom_kpi_var
from kpi_platform.domain.custom_kpis import CustomKpi
from kpi_platform.domain.landed import LandedTable, find_columns
from kpi_platform.domain.sources import Source

CASES = find_columns(
    {
        "Id": "varchar", "Amount__c": "decimal(18,2)", "Priority": "text", "IsClosed": "boolean",
        "CreatedDate": "timestamp with time zone", "Wait": "interval",
    },
    [],
)  # fmt: skip
TABLES: dict[Source, dict[str, LandedTable]] = {
    "salesforce": {"case": LandedTable("available", "s", "case", CASES), "task": LandedTable("switched_off")}
}


def definition(**values: Any) -> dict[str, Any]:
    return {
        "name": "Open cases", "slug": "open_cases", "source": "salesforce", "table": "case",
        "aggregate": "count", **values,
    }  # fmt: skip


def where(field: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


def test_a_definition_survives_json() -> None:
    nested = {"or": [where("Priority", "eq", "High"), {"and": [where("amount_c", "in", [1, 2.5])]}]}
    kpi = CustomKpi.model_validate(definition(filters=[nested]))
    assert CustomKpi.model_validate_json(kpi.model_dump_json(by_alias=True)) == kpi


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"slug": "nps"}, "slug"),
        ({"table": "user"}, "table"),
        ({"aggregate": "sum"}, "field"),
        ({"field": "Id"}, "field"),
        ({"window_days": 30}, "time_field"),
        ({"aggregate": "ratio"}, "numerator"),
        ({"numerator": {"aggregate": "count"}}, "numerator"),
        ({"aggregate": "sum", "field": "x; drop table y"}, "field"),
        ({"filters": [where("Priority", "in", "High")]}, "list"),
        ({"filters": [where("Priority", "in", ["1", 1])]}, "one kind"),
        ({"filters": [where("Priority", "is_null", 1)]}, "no value"),
        ({"filters": [where("Priority", "contains", 5)]}, "text"),
        ({"filters": [where("Priority", "like", "x")]}, "operator"),
        ({"thresholds": {"healthy": 1, "at_risk": 2}}, "thresholds"),
        ({"sql": "select 1"}, "sql"),
    ],
)
def test_a_bad_definition_is_refused_with_the_field(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        CustomKpi.model_validate(definition(**values))


def test_filters_have_a_limit_of_depth() -> None:
    condition = where("Priority", "eq", "High")
    for _ in range(6):
        condition = {"and": [condition]}
    with pytest.raises(ValidationError, match="levels"):
        CustomKpi.model_validate(definition(filters=[condition]))


@pytest.mark.parametrize(
    ("values", "path", "reason"),
    [
        ({"aggregate": "sum", "field": "Nope"}, "field", "there is no column Nope"),
        ({"aggregate": "avg", "field": "IsClosed"}, "field", "holds a boolean"),
        ({"window_days": 7, "time_field": "Amount__c"}, "time_field", "not a time"),
        ({"filters": [where("Amount__c", "eq", "x")]}, "filters.0.value", "holds a number"),
        ({"filters": [where("IsClosed", "gt", True)]}, "filters.0.value", "no order"),
        ({"filters": [where("CreatedDate", "ge", "soon")]}, "filters.0.value", "2026-01-31"),
        ({"filters": [{"or": [where("Nope", "eq", 1)]}]}, "filters.0.or.0.field", "no column"),
        ({"table": "task"}, "table", "switched off"),
        ({"table": "contact"}, "table", "not synced"),
    ],
)
def test_what_does_not_fit_the_landed_columns_is_named(
    values: dict[str, Any], path: str, reason: str
) -> None:
    kpi = CustomKpi.model_validate(definition(**values))
    (problem,) = check_custom_kpi(kpi, TABLES)
    assert problem.path == path
    assert reason in problem.reason
    var = custom_kpi_var(kpi, TABLES)
    assert var["status"] == ("not_synced" if path == "table" else "not_mapped")
    assert "field" not in var


def test_dbt_is_told_column_keys_and_the_kind_of_each_value() -> None:
    kpi = CustomKpi.model_validate(
        definition(
            aggregate="ratio",
            numerator={"aggregate": "sum", "field": "Amount__c", "filters": [where("is_closed", "eq", True)]},
            denominator={"aggregate": "count"},
            filters=[where("CreatedDate", "ge", "2026-01-31"), where("Priority", "lt", 3)],
            time_field="created_date",
            window_days=30,
            unit="percent",
        )
    )
    var = custom_kpi_var(kpi, TABLES)
    assert var["status"] == "ready"
    assert var["time_field"] == "createddate"
    assert [(one["field"], one["kind"], one["value"]) for one in var["filters"]] == [
        ("createddate", "time", "2026-01-31T00:00:00+00:00"),
        ("priority", "number", 3),
    ]
    assert var["numerator"] == {
        "aggregate": "sum",
        "field": "amountc",
        "filters": [{"field": "isclosed", "operator": "eq", "kind": "boolean", "value": True}],
    }


@given(st.text(min_size=1, max_size=40))
def test_no_field_that_did_not_land_reaches_dbt(name: str) -> None:
    try:
        kpi = CustomKpi.model_validate(definition(aggregate="sum", field=name))
    except ValidationError:
        return
    var = custom_kpi_var(kpi, TABLES)
    assert var["status"] != "ready" or var["field"] in CASES


@pytest.mark.parametrize(
    ("landed", "kind"),
    [("INTEGER", "number"), ("int64", "number"), ("number(38,0)", "number"), ("double precision", "number"),
     ("interval", "text"), ("timestamp_ntz", "time"), ("date", "time"), ("bool", "boolean"),
     ("json", "text")],
)  # fmt: skip
def test_types_of_all_destinations_have_a_kind(landed: str, kind: str) -> None:
    assert column_kind(landed) == kind
