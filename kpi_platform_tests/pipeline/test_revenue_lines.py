"""The lines of recurring revenue behind a value."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from kpi_platform.adapters.destination.open import open_destination
from kpi_platform.domain.settings import parse_settings
from kpi_platform.pipeline.revenue_lines import revenue_lines
from kpi_platform_tests.pipeline.desk import T1, T2, Desk, acme
from kpi_platform_tests.pipeline.marts import write_mart, writing

SETTINGS = parse_settings({"salesforce": {"instance_url": "https://acme.my.salesforce.com"}})


def write_lines(desk: Desk, as_of: datetime) -> None:
    days = [date(2026, 6, 1), date(2026, 1, 1), date(2025, 1, 1)]
    columns: dict[str, Any] = {
        "account_id": ["001A", "001A", "001Z"],
        "line_id": ["006B", "006A", "006Z"],
        "kind": ["renewal", "asset_period", "new_business"],
        "start_date": pa.array(days, pa.date32()),
        "end_date": pa.array([date(2027, 6, 1), None, None], pa.date32()),
        "until_date": pa.array([date(2027, 7, 31), None, None], pa.date32()),
        "ended_by": [None, "006B", None],
        "amount": pa.array([1200.5, None, 1.0]),
        "arr": pa.array([1200.5, 9.0, 1.0]),
        "currency": ["USD", "JPY", "USD"],
        "reason": ["not started", None, None],
    }
    typed = {
        name: value if isinstance(value, pa.Array) else pa.array(value) for name, value in columns.items()
    }
    with writing(desk.configuration) as connection:
        write_mart(connection, "recurring_revenue_lines", desk.customer, as_of, typed)


def test_lines_of_an_account_are_listed_by_their_start(desk: Desk) -> None:
    destination = open_destination(desk.configuration, SETTINGS.warehouse, {})
    desk.marts(T1, [acme()])
    assert not revenue_lines(destination, SETTINGS, desk.customer, "001A", T1)
    write_lines(desk, T1)
    first, second = revenue_lines(destination, SETTINGS, desk.customer, "001A", T1)
    assert (first.id, first.end, first.ended_by, first.amount) == ("006A", None, "006B", None)
    assert first.url == "https://acme.my.salesforce.com/lightning/r/AssetStatePeriod/006A/view"
    assert (second.id, second.start, second.arr) == ("006B", datetime(2026, 6, 1, tzinfo=UTC), 1200.5)
    assert (second.until, second.reason) == (datetime(2027, 7, 31, tzinfo=UTC), "not started")
    assert second.url == "https://acme.my.salesforce.com/lightning/r/Opportunity/006B/view"
    assert not revenue_lines(destination, SETTINGS, desk.customer, "001A", T2)
