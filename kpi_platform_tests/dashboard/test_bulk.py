import numpy as np
import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.bulk_reading import read_columns, read_columns_of
from kpi_platform.dashboard.bulk_writing import concatenated, write_columns
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.types import UtcDateTime, among_customers
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


def test_columns_that_hold_one_value_or_none_come_back_as_they_were_written(
    any_dashboard_engine: sa.Engine,
) -> None:
    table = sa.Table(
        "written",
        sa.MetaData(),
        *(sa.Column(name, sa.Integer) for name in ("number", "same", "empty")),
        *(sa.Column(name, sa.Float) for name in ("share", "same_share", "empty_share")),
        *(sa.Column(name, sa.String) for name in ("text", "same_text", "empty_text")),
        *(sa.Column(name, UtcDateTime) for name in ("time", "same_time", "empty_time")),
        sa.Column("flag", sa.Boolean),
    )
    instant, none = np.datetime64(T1.replace(tzinfo=None), "us"), np.full(3, np.nan)
    columns = {
        "number": np.array([1, 2, 2]), "same": np.array([7.0, 7.0, 7.0]), "empty": none,
        "share": np.array([0.5, np.nan, 0.5]), "same_share": np.full(3, 0.25), "empty_share": none,
        "text": np.array(["A", None, "A"], dtype=object), "same_text": np.full(3, "ok", dtype=object),
        "empty_text": np.full(3, None, dtype=object),
        "time": np.array([instant, np.datetime64("NaT"), instant]), "same_time": np.full(3, instant),
        "empty_time": np.full(3, np.datetime64("NaT"), dtype="datetime64[us]"),
        "flag": np.full(3, True, dtype=object),
    }  # fmt: skip
    one_value = {name: values for name, values in columns.items() if name.startswith(("same", "empty"))}
    for written in (columns, one_value):
        with any_dashboard_engine.begin() as connection:
            table.create(connection)
            write_columns(connection, table, written, 3)
            found = read_columns(connection, sa.select(table).order_by(table.c.number))
            table.drop(connection)
        for name, values in written.items():
            np.testing.assert_array_equal(found[name], values, err_msg=name)
