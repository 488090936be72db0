"""The page and the API of revenue retention."""

import pytest

from kpi_platform.domain.retention import SegmentRetention
from kpi_platform.web.retention import waterfall
from kpi_platform_tests.pipeline.desk import T1, Desk, acme
from kpi_platform_tests.pipeline.marts import write_retention
from kpi_platform_tests.web.api.test_dashboard import LoadedDesk
from kpi_platform_tests.web.conftest import Web

ALL = SegmentRetention("all", "all", "USD", 3, 3e5, 4e4, 2e4, 1e5, 2.2e5, 73.333, 60.0)
STEEL = SegmentRetention("industry", "Steel", "USD", 2, 2e5, 4e4, 2e4, 0.0, 2.2e5, 110.0, 90.0)
NONE = SegmentRetention("csm", None, "USD", 1, 1e5, 0.0, 0.0, 1e5, 0.0, 0.0, 0.0)


@pytest.fixture
def desk(web: Web) -> Desk:
    return LoadedDesk(web.configuration, web, "acme")


def test_retention_is_shown_by_segment(web: Web, desk: Desk) -> None:
    write_retention(web.configuration, "acme", T1, [ALL, STEEL, NONE])
    desk.load(T1, [acme()])
    client = web.client(scope="read")
    answer = client.get("/api/retention").json()
    assert [one["segment_kind"] for one in answer["segments"]] == ["all", "csm", "industry"]
    assert (answer["upload_version"], answer["window_days"]) == (1, 365)
    [steel] = client.get("/api/retention?segment_kind=industry").json()["segments"]
    assert (steel["segment"], steel["net_revenue_retention"], steel["churned"]) == ("Steel", 110.0, 0.0)
    assert client.get("/api/retention?segment_kind=planet").status_code == 400
    page = client.get("/retention").text
    assert "73.3%" in page
    assert "Steel" in page
    assert "None named" in client.get("/retention?by=csm").text
    assert web.client("bolt").get("/api/retention").json()["segments"] == []


def test_a_customer_without_recurring_revenue_is_led_to_the_basis(web: Web, desk: Desk) -> None:
    assert "first load" in web.client().get("/retention").text
    desk.load(T1, [acme()])
    assert "/settings?section=revenue" in web.client().get("/retention").text


def test_the_settings_say_which_basis_is_in_force_and_preview_auto(web: Web, desk: Desk) -> None:
    desk.settings(revenue={"basis": "bookings"})
    desk.load(T1, [acme()])
    page = web.client().get("/settings?section=revenue").text
    assert "won opportunities" in page
    assert 'name="revenue.basis" value="auto"' in page
    desk.settings(revenue={"basis": "auto"})
    assert "Preview auto" not in web.client().get("/settings?section=revenue").text
    assert "Preview auto" not in web.client().get("/settings?section=fivetran").text


@pytest.mark.parametrize("one", [ALL, STEEL, NONE])
def test_each_step_of_a_waterfall_begins_where_the_one_before_ended(one: SegmentRetention) -> None:
    start, *changes, end = waterfall(one)
    assert start.amount + sum(step.amount for step in changes) == end.amount
    for step in (start, *changes, end):
        assert sum(part.size for part in step.parts) <= step.whole
