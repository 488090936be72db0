import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.bulk_reading import read_columns_of
from kpi_platform.dashboard.bulk_writing import concatenated
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.types import among_customers
from kpi_platform_tests.pipeline.desk import T1

_ACCOUNTS = sa.select(tables.accounts.c.customer_id, tables.accounts.c.name, tables.accounts.c.revenue).where(
    among_customers(tables.accounts.c.customer_id)
)


def test_each_customer_gets_its_own_rows_in_one_statement(any_dashboard_engine: sa.Engine) -> None:
    with any_dashboard_engine.begin() as connection:
        for key in ("acme", "bolt", "core"):
            add_customer(connection, key, key)
        rows = [
            {"customer_id": customer, "name": name, "revenue": revenue, "created_at": T1}
            for customer, name, revenue in ((3, "C", None), (1, "A", 1.5), (3, "D", 2.5))
        ]
        connection.execute(sa.insert(tables.accounts), rows)
        found = read_columns_of(connection, _ACCOUNTS, [1, 2, 3])
        alone = read_columns_of(connection, _ACCOUNTS, [3])
    assert {customer: columns["name"].tolist() for customer, columns in found.items()} == {
        1: ["A"], 2: [], 3: ["C", "D"],
    }  # fmt: skip
    for columns in (found[3], alone[3]):
        np.testing.assert_array_equal(columns["revenue"], [np.nan, 2.5])


def test_customers_are_looked_up_and_not_looked_for(sqlite_engine: sa.Engine) -> None:
    query = str(_ACCOUNTS.compile(dialect=sqlite_engine.dialect))
    with sqlite_engine.connect() as connection:
        [first, *_] = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", ("[1, 2]",)).all()
    assert first.detail.startswith("SEARCH accounts USING")


def test_columns_are_joined_and_stay_one_value_where_all_have_the_same() -> None:
    parts = [
        ({"customer_id": 1, "name": np.array(["A", None], dtype=object), "as_of": T1, "retired_at": None}, 2),
        ({"customer_id": 2, "name": np.array(["B"], dtype=object), "as_of": T1, "retired_at": None}, 1),
    ]
    columns, rows = concatenated(parts)
    assert rows == 3
    assert columns["customer_id"].tolist() == [1, 1, 2]
    assert columns["name"].tolist() == ["A", None, "B"]
    assert (columns["as_of"], columns["retired_at"]) == (T1, None)
