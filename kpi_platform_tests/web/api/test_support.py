"""The support of an account, as a load left it: over HTTP, on its page, in the CSV, and after a roll-back."""

import csv
import io
from typing import Any

import pytest

from kpi_platform_tests.pipeline.desk import T1, T2, Desk, acme
from kpi_platform_tests.pipeline.loading import load_dashboard
from kpi_platform_tests.pipeline.marts import MartAccount
from kpi_platform_tests.web.api.test_dashboard import LoadedDesk
from kpi_platform_tests.web.conftest import Web

BREACHES: dict[str | None, dict[str, float]] = {
    "Network": {"total_tickets": 8, "tickets_with_sla": 4, "sla_breaches": 1, "breach_rate": 12.5,
                "breach_rate_of_sla": 25, "avg_breach_hours": 3, "critical_breaches": 1},
    None: {"total_tickets": 9, "tickets_with_sla": 0, "sla_breaches": 0, "breach_rate": 0},
}  # fmt: skip
BUSY = MartAccount(
    "001A", "Acme Corporation", {"nps": 40, "resolution_time": 6.5},
    health={"escalation_rate": 12.0},
    support={"total_tickets": 17, "avg_resolution_hours": 7.25, "tickets_last_7_days": 2},
    breaches=BREACHES,
)  # fmt: skip


@pytest.fixture
def desk(web: Web) -> Desk:
    desk = LoadedDesk(web.configuration, web, "acme")
    desk.marts(T1, [BUSY, MartAccount("001Q", "Quiet Works", {"nps": 1})], "business")
    load_dashboard(desk.configuration, desk.engine, "acme", T1)
    return desk


def support(web: Web, name: str) -> dict[str, Any]:
    client = web.client(scope="read")
    accounts = client.get("/api/accounts").json()["accounts"]
    number = next(one["id"] for one in accounts if one["name"] == name)
    found: dict[str, Any] = client.get(f"/api/accounts/{number}/support").json()
    return found


def test_the_support_of_an_account_names_its_source_of_time(web: Web, desk: Desk) -> None:
    found = support(web, "Acme Corporation")
    assert (found["resolution_unit"], found["as_of"]) == ("business hours", "2026-03-01T00:00:00Z")
    assert "business_stc" in found["resolution_formula"]
    assert (found["escalation_rate"], found["ticket_reopen_rate"]) == (12.0, None)
    assert found["last_90_days"]["avg_resolution_hours"] == 7.25
    assert [(one["category"], one["total_tickets"]) for one in found["sla_breaches"]] == [
        (None, 9), ("Network", 8),
    ]  # fmt: skip
    assert found["sla_breaches"][1]["breach_rate_of_sla"] == 25
    quiet = support(web, "Quiet Works")
    assert (quiet["last_90_days"]["total_tickets"], quiet["sla_breaches"]) == (None, [])


def test_the_page_shows_the_support_and_says_where_there_is_none(web: Web, desk: Desk) -> None:
    client = web.client("acme", "read", Accept="text/html")
    numbers = {one["name"]: one["id"] for one in client.get("/api/accounts").json()["accounts"]}
    page = client.get(f"/accounts/{numbers['Acme Corporation']}").text
    for text in (
        "Support",
        "Network",
        "No category",
        "7.2 business h",
        '6.5</span> <span class="unit">business h',
    ):
        assert text in page
    assert "no ticket of this account" in client.get(f"/accounts/{numbers['Quiet Works']}").text


def test_the_csv_has_the_support_of_every_account(web: Web, desk: Desk) -> None:
    rows = csv.DictReader(
        io.StringIO(web.client("acme", "read").get("/accounts.csv").content.decode("utf-8-sig"))
    )
    busy, quiet = sorted(rows, key=lambda row: row["Account"])
    assert (busy["Total tickets 90 days"], busy["Tickets last 7 days"]) == ("17.0", "2.0")
    assert (busy["Escalation rate"], busy["SLA breaches 30 days"]) == ("12.0", "1")
    assert (busy["Total tickets 30 days"], busy["Routing issues 30 days"]) == ("17", "")
    assert quiet["Total tickets 90 days"] == quiet["SLA breaches 30 days"] == ""


def test_a_roll_back_brings_the_support_back(web: Web, desk: Desk) -> None:
    desk.load(T2, [acme()])
    assert support(web, "Acme Corporation")["sla_breaches"] == []
    assert web.client("acme").post("/api/uploads/2/rollback").status_code == 200
    assert len(support(web, "Acme Corporation")["sla_breaches"]) == 2
