"""Every aggregate over every table, in one build, against the same definitions computed in plain Python."""

import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
import sqlalchemy as sa

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.domain.custom_kpis import ACCOUNT_TABLES, Aggregate
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import Source
from kpi_platform.pipeline.build import build_kpis
from kpi_platform.pipeline.explain import explain
from kpi_platform_tests.pipeline.landing import ACCOUNT, CASE, account, customer, land

AS_OF = datetime(2026, 11, 24, 12)
ACCOUNTS = [account(1)["id"], account(2)["id"]]
PARTNER = account(3)["id"]
FIELDS = {"amount_c": "double", "label_c": "varchar", "flag_c": "boolean", "happened_at_c": "timestamp"}
LINKS = {"id": "varchar", "account_id": "varchar", "is_deleted": "boolean", "_fivetran_synced": "timestamp"}
INCIDENT = {
    "sys_id": "varchar", "u_customer_account_id": "varchar", "amount_c": "double", "flag_c": "boolean",
}  # fmt: skip
TASK = {"sys_id": "varchar", "opened_at": "timestamp", "label_c": "varchar", "happened_at_c": "timestamp"}
AGGREGATES = (*get_args(Aggregate), "ratio")

Row = Mapping[str, Any]


def where(field: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


FILTERS: Sequence[Sequence[Any]] = (
    [],
    [where("Flag__c", "eq", True)],
    [{"or": [where("Label__c", "eq", "High"), where("Amount__c", "gt", 5)]}],
    [{"and": [where("label_c", "ne", "Low"), where("Amount__c", "is_not_null")]}],
    [where("Label__c", "in", ["High", "O'Brien"]), where("Amount__c", "ge", 1.25)],
    [where("Label__c", "contains", "IG"), {"or": [where("Flag__c", "ne", True),
                                                  where("Flag__c", "is_null")]}],
    [where("Happened_At__c", "ge", "2026-09-01T00:00:00+02:00"), where("Amount__c", "not_in", [2, 4.5])],
    [{"or": [where("Label__c", "is_null"), {"and": [where("Label__c", "starts_with", "o"),
                                                    where("Amount__c", "le", 7)]}]}],
    [where("Amount__c", "lt", 8)],
)  # fmt: skip
WINDOWS: Sequence[Mapping[str, Any]] = (
    {},
    {"time_field": "Happened_At__c"},
    {"time_field": "Happened_At__c", "window_days": 60},
)


def definitions() -> Iterator[dict[str, Any]]:
    """Each aggregate of each table, with filters and windows in turn."""
    number = 0
    for source, tables in ACCOUNT_TABLES.items():
        for table in tables:
            for aggregate in AGGREGATES:
                kpi: dict[str, Any] = {
                    "name": f"{aggregate} of {table}", "slug": f"{table}_{aggregate}", "source": source,
                    "table": table, "aggregate": aggregate, "direction": ("high", "low")[number % 2],
                    "filters": FILTERS[number % len(FILTERS)], **WINDOWS[number % len(WINDOWS)],
                }  # fmt: skip
                if aggregate == "ratio":
                    kpi["unit"] = "percent"
                    kpi["numerator"] = {"aggregate": "sum", "field": "Amount__c", "filters": FILTERS[1]}
                    kpi["denominator"] = {"aggregate": "count"}
                elif aggregate == "count_distinct":
                    kpi["field"] = "Label__c"
                elif aggregate != "count":
                    kpi["field"] = "Amount__c"
                number += 1
                yield kpi


KPIS = list(definitions())
CUSTOMERS = {"acme": KPIS[::2], "bolt": KPIS[1::2]}
"""One customer may define fifty; both have the same rows."""


def landed() -> dict[Source, dict[str, tuple[Mapping[str, str], list[Row]]]]:
    """Rows of two accounts, of one that does not count, of none, and of one that is nowhere."""
    draw = random.Random(20261124)

    def values() -> dict[str, Any]:
        return {
            "amount_c": draw.choice([None, *(step / 4 for step in range(44))]),
            "label_c": draw.choice(["High", "high", "Low", "O'Brien", None]),
            "flag_c": draw.choice([True, False, None]),
            "happened_at_c": draw.choice([None, *(AS_OF + timedelta(days=day) for day in range(-120, 10))]),
            "is_deleted": draw.random() < 0.1,
        }

    owners = [*ACCOUNTS, *ACCOUNTS, *ACCOUNTS, PARTNER, None, "001000000000999"]
    tables: dict[str, tuple[Mapping[str, str], list[Row]]] = {}
    people = [{"id": f"person {n}", "account_id": owner, **values()} for n, owner in enumerate(owners)]
    tables["contact"] = LINKS | FIELDS, people
    tables["account"] = (
        ACCOUNT | FIELDS | {"churn_risk_score_c": "double", "last_login_date_c": "timestamp"},
        [
            {**values(), **account(1, churn_risk_score_c=64.0)},
            {**values(), **account(2, nps_score_c=4.0, last_login_date_c=AS_OF - timedelta(days=40))},
            {**values(), **account(3, type="Partner")},
        ],
    )
    for table in ("opportunity", "case", "task", "event"):
        rows = []
        for number in range(60):
            row: dict[str, Any] = {"id": f"{table} {number}", "account_id": draw.choice(owners), **values()}
            if table in ("task", "event") and number % 2:
                row |= {"account_id": None, "who_id": draw.choice(people)["id"]}
            rows.append(row)
        tables[table] = LINKS | FIELDS | {"who_id": "varchar"}, rows
    tables["case"] = CASE | tables["case"][0], tables["case"][1]
    incidents = []
    for number in range(60):
        opened = AS_OF + timedelta(days=draw.randint(-120, 5))
        row = {"sys_id": f"incident {number}", "u_customer_account_id": draw.choice(owners), **values()}
        incidents.append(row | {"opened_at": opened})
    return {
        "salesforce": tables,
        "servicenow": {
            "incident": (INCIDENT | {"_fivetran_deleted": "boolean"},
                         [row | {"_fivetran_deleted": row["is_deleted"]} for row in incidents]),
            # What an incident has in common with all tasks lands in their class table.
            "task": (TASK, incidents),
        },
    }  # fmt: skip


LANDED = landed()


def rows_of(table: str, account_id: str) -> list[Row]:
    """The rows of an account that are there at AS_OF."""
    if table == "incident":
        rows = [row for row in LANDED["servicenow"]["incident"][1] if row["opened_at"] < AS_OF]
        return [r for r in rows if r["u_customer_account_id"] == account_id and not r["is_deleted"]]
    people = {
        row["id"]: row["account_id"] for row in LANDED["salesforce"]["contact"][1] if not row["is_deleted"]
    }
    owner = {"account": lambda row: row["id"]}.get(
        table, lambda row: row["account_id"] or people.get(row.get("who_id"))
    )
    rows = LANDED["salesforce"][table][1]
    return [row for row in rows if owner(row) == account_id and not row["is_deleted"]]


def holds(condition: Mapping[str, Any], row: Row) -> bool:
    if "and" in condition:
        return all(holds(one, row) for one in condition["and"])
    if "or" in condition:
        return any(holds(one, row) for one in condition["or"])
    found, wanted = row[condition["field"].lower().replace("__", "_")], condition["value"]
    if condition["operator"] in ("is_null", "is_not_null"):
        return (found is None) == (condition["operator"] == "is_null")
    if found is None:
        return False
    if isinstance(found, datetime):
        wanted = datetime.fromisoformat(wanted).astimezone(UTC).replace(tzinfo=None)
    return {
        "eq": lambda: found == wanted,
        "ne": lambda: found != wanted,
        "lt": lambda: found < wanted,
        "le": lambda: found <= wanted,
        "gt": lambda: found > wanted,
        "ge": lambda: found >= wanted,
        "in": lambda: found in wanted,
        "not_in": lambda: found not in wanted,
        "contains": lambda: wanted.lower() in found.lower(),
        "starts_with": lambda: found.lower().startswith(wanted.lower()),
    }[condition["operator"]]()


def in_window(kpi: Mapping[str, Any], row: Row) -> bool:
    if "time_field" not in kpi:
        return True
    at = row["happened_at_c"]
    if "window_days" not in kpi:
        return at is None or at < AS_OF
    return at is not None and AS_OF - timedelta(days=kpi["window_days"]) <= at < AS_OF


def looked_at(kpi: Mapping[str, Any], account_id: str) -> list[Row]:
    return [
        row
        for row in rows_of(kpi["table"], account_id)
        if in_window(kpi, row) and all(holds(one, row) for one in kpi["filters"])
    ]


def measured(measure: Mapping[str, Any], rows: Sequence[Row]) -> tuple[float | None, int]:
    """The aggregate, and over how many rows it was taken."""
    rows = [row for row in rows if all(holds(one, row) for one in measure.get("filters", ()))]
    if measure["aggregate"] == "count":
        return len(rows), len(rows)
    name = "label_c" if measure["aggregate"] == "count_distinct" else "amount_c"
    values = [row[name] for row in rows if row[name] is not None]
    if measure["aggregate"] in ("count_distinct", "sum"):
        return (len(set(values)) if name == "label_c" else sum(values)), len(values)
    aggregates = {"avg": statistics.fmean, "min": min, "max": max, "median": statistics.median}
    return (aggregates[measure["aggregate"]](values) if values else None), len(values)


def computed(kpi: Mapping[str, Any], account_id: str) -> tuple[float | None, int, str]:
    rows = looked_at(kpi, account_id)
    if kpi["aggregate"] == "ratio":
        (over, _), (under, sample) = measured(kpi["numerator"], rows), measured(kpi["denominator"], rows)
        value = 100 * over / under if over is not None and under else None
    else:
        value, sample = measured({**kpi, "filters": ()}, rows)
    return value, sample, "no_data" if value is None else "ok"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Configuration, sa.Engine]]:
    home = tmp_path_factory.mktemp("custom")
    configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)})
    engine = open_engine(configuration.dashboard_database_url)
    upgrade(engine)
    for key, kpis in CUSTOMERS.items():
        land(configuration.warehouse_file, f"{key}_sf", LANDED["salesforce"])
        land(configuration.warehouse_file, f"{key}_sn", LANDED["servicenow"])
        customer(configuration, engine, key, {"servicenow": {"enabled": True}, "custom_kpis": kpis})
    report = build_kpis(configuration, engine, list(CUSTOMERS), AS_OF.replace(tzinfo=UTC))
    assert report.failed == {}
    yield configuration, engine
    engine.dispose()


def test_every_aggregate_of_every_table_is_what_python_computes(
    installation: tuple[Configuration, sa.Engine],
) -> None:
    destination = open_destination(
        installation[0], CustomerSettings().warehouse, CustomerSecrets(installation[0], "acme")
    )
    names = ["customer_id", "account_id", "kpi", "value", "sample_size", "status"]
    ours = {"kpi": [kpi["slug"] for kpi in KPIS], "account_id": ACCOUNTS}
    found = {
        (row["customer_id"], row["account_id"], row["kpi"]): (row["value"], row["sample_size"], row["status"])
        for batch in destination.read_mart("kpi_values", list(CUSTOMERS), names, where=ours)
        for row in batch.to_pylist()
    }
    wanted = {
        (key, one, kpi["slug"]): computed(kpi, one)
        for key, kpis in CUSTOMERS.items()
        for one in ACCOUNTS
        for kpi in kpis
    }
    assert found.keys() == wanted.keys()
    wrong = {
        key: (found[key], wanted[key])
        for key in wanted
        if found[key][1:] != wanted[key][1:]
        or (wanted[key][0] is not None and found[key][0] != pytest.approx(wanted[key][0], rel=1e-9))
        or (found[key][0] is None) != (wanted[key][0] is None)
    }
    assert wrong == {}
    # Enough is different for that to mean something.
    assert len({value for value, _, _ in wanted.values()}) > 40
    assert sum(sample > 3 for _, sample, _ in wanted.values()) > 40


def test_a_custom_value_is_explained_by_the_rows_that_it_was_taken_over(
    installation: tuple[Configuration, sa.Engine],
) -> None:
    (kpi,) = (kpi for kpi in CUSTOMERS["acme"] if kpi["slug"] == "task_sum")
    found = explain(*installation, "acme", ACCOUNTS[0], "task_sum")
    counted = [row for row in found.rows if row.left_out_reason is None]
    wanted = looked_at(kpi, ACCOUNTS[0])
    assert {(row.table, row.id) for row in counted} == {("salesforce.task", row["id"]) for row in wanted}
    assert found.counted == len(wanted) > 3
    assert found.left_out.keys() == {"deleted"}
    assert sum(row.numerator or 0 for row in counted) == found.value
    assert (found.value, found.sample_size, found.status) == computed(kpi, ACCOUNTS[0])


def test_churn_risk_is_explained_by_its_field_where_it_is_mapped_and_by_its_factors_where_not(
    installation: tuple[Configuration, sa.Engine],
) -> None:
    mapped, reckoned = (explain(*installation, "acme", one, "churn_risk") for one in ACCOUNTS)
    assert (mapped.value, mapped.status) == (64, "ok")
    assert [(row.table, row.id, row.numerator) for row in mapped.rows] == [
        ("salesforce.account", ACCOUNTS[0], 64)
    ]
    known = {name: points for name, points in reckoned.factors.items() if points is not None}
    assert (known["nps_risk"], known["inactivity_risk"]) == (25, 15)
    assert reckoned.numerator == sum(known.values())
    assert reckoned.denominator is not None
    assert reckoned.value == pytest.approx(100 * sum(known.values()) / reckoned.denominator)
