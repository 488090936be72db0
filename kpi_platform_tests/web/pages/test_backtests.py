"""The page Back-test and its API: ask, follow, cancel, read, compare, take the advice."""

import re
from typing import Any

import pytest

from kpi_platform.dashboard.settings_versions import current_settings
from kpi_platform_tests.web.backtests import keep_backtest, made_report
from kpi_platform_tests.web.conftest import Web

QUESTION = {"from": "2024-01-01", "to": "2024-12-01", "horizon_days": 30}
FORM = {"first": "2024-01-01", "last": "2024-12-01", "horizon_days": "30", "every": "1 month"}


@pytest.fixture
def unstarted(web: Web, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The back-tests whose process would be started."""
    started: list[str] = []
    monkeypatch.setattr(web.app.state.backtest_keeper, "start", started.append)
    return started


def test_a_back_test_is_asked_for_followed_and_cancelled(web: Web, unstarted: list[str]) -> None:
    client = web.client("acme")
    asked = client.post("/api/backtests", json=QUESTION)
    assert asked.status_code == 202, asked.text
    answer = asked.json()
    assert unstarted == [answer["id"]]
    assert (answer["state"], answer["horizon_days"], answer["every"]) == ("running", 30, "1 month")
    assert answer["first_instant"].startswith("2024-01-01T00:00:00")
    assert client.post("/api/backtests", json=QUESTION).status_code == 409
    assert "being computed already" in client.post("/backtests", data=FORM).text

    page = client.get(f"/backtests/{answer['id']}").text
    assert "It is being computed" in page
    assert f'hx-get="/backtests/{answer["id"]}"' in page
    again = client.post(f"/backtests/{answer['id']}/cancel").text
    assert "Cancelled" in again
    assert "hx-trigger" not in again.partition('id="backtest"')[2]
    cancelled = client.post(f"/api/backtests/{answer['id']}/cancel").json()
    assert cancelled["state"] == "cancelled"


def test_the_form_leads_to_the_page_of_what_was_asked(web: Web, unstarted: list[str]) -> None:
    client = web.client("acme")
    answer = client.post("/backtests", data={**FORM, "settings_version": "0"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/backtests/{unstarted[0]}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"to": "2023-01-01"}, "before it starts"),
        ({"every": "1 week"}, "no step"),
        ({"from": "2100-01-01", "to": "2100-12-01"}, "not known yet"),
        ({"settings_version": 7}, "version 7"),
        ({"from": "soon"}, "from"),
        ({"horizon": 3}, "horizon"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(
    web: Web, unstarted: list[str], change: dict[str, Any], words: str
) -> None:
    answer = web.client("acme").post("/api/backtests", json=QUESTION | change)
    assert answer.status_code in (400, 404)
    assert words in answer.text
    assert unstarted == []


def test_a_reader_sees_reports_and_may_not_ask(web: Web) -> None:
    kept = keep_backtest(web.engine, "acme", report=made_report())
    reader = web.client("acme", "read")
    assert reader.post("/api/backtests", json=QUESTION).status_code == 403
    page = reader.get("/backtests").text
    assert "Start the back-test" not in page
    assert f'href="/backtests/{kept.id}"' in page
    report = reader.get(f"/backtests/{kept.id}").text
    assert "Save as a version" not in report


def test_the_report_says_in_words_what_it_found(web: Web) -> None:
    report = made_report()
    kept = keep_backtest(web.engine, "acme", report=report)
    page = web.client("acme").get(f"/backtests/{kept.id}").text
    assert f"Of {report.at_risk.left:,} accounts that left, {report.at_risk.warned:,} were at risk" in page
    assert page.count('<svg class="chart"') == 3
    assert "are not independent" in page
    answer = web.client("acme").get(f"/api/backtests/{kept.id}").json()
    assert answer["report"] == report.model_dump(mode="json")
    assert answer["auc"] == report.auc


def test_with_too_few_outcomes_it_says_so_and_advises_nothing(web: Web) -> None:
    kept = keep_backtest(web.engine, "acme", report=made_report(accounts=9))
    page = web.client("acme").get(f"/backtests/{kept.id}").text
    assert "Not enough outcomes (" in page
    assert "Which input foretells" not in page
    saved = web.client("acme").post(f"/backtests/{kept.id}/save")
    assert saved.status_code == 404


def test_what_was_not_known_and_who_is_missing_is_said(web: Web) -> None:
    gaps = {"not_known": ["nps"], "survivorship": True}
    kept = keep_backtest(web.engine, "acme", report=made_report().model_copy(update=gaps))
    page = web.client("acme").get(f"/backtests/{kept.id}").text
    assert "Not known then" in page
    assert re.search(r"<p>NPS: the value of a day in the past", page)
    assert "Leavers are missing" in page


def test_the_advice_is_saved_as_a_version_that_names_the_back_test(web: Web) -> None:
    report = made_report()
    assert report.advice is not None
    kept = keep_backtest(web.engine, "acme", report=report)
    page = web.client("acme").post(f"/backtests/{kept.id}/save").text
    assert "Version 1 of the settings holds now" in page
    with web.engine.connect() as connection:
        saved = current_settings(connection, "acme")
    assert saved is not None
    assert saved.note == f"Advice of back-test {kept.id}."
    weights = report.advice.patch["health_score"]
    assert isinstance(weights, dict)
    assert all(change["path"].startswith("health_score.weights.") for change in saved.changes)


def test_two_are_compared_side_by_side(web: Web, unstarted: list[str]) -> None:
    one = keep_backtest(web.engine, "acme", report=made_report())
    other = keep_backtest(web.engine, "acme", report=made_report(accounts=9))
    client = web.client("acme", "read")
    address = f"/backtests/compare?one={one.id}&other={other.id}"
    page = client.get(address).text
    assert "Two back-tests" in page
    assert "Days of warning" in page
    answer = client.get(f"/api{address}").json()
    assert (answer["one"]["id"], answer["other"]["id"]) == (one.id, other.id)
    running = keep_backtest(web.engine, "acme")
    assert client.get(f"/backtests/compare?one={one.id}&other={running.id}").status_code == 404


def test_nothing_of_it_is_anothers(web: Web) -> None:
    kept = keep_backtest(web.engine, "acme", report=made_report())
    bolt = web.client("bolt")
    assert kept.id not in bolt.get("/backtests").text
    assert bolt.get("/api/backtests").json() == []
    for address in (f"/backtests/{kept.id}", f"/backtests/compare?one={kept.id}&other={kept.id}"):
        assert bolt.get(address).status_code == 404
        assert bolt.get(f"/api{address}").status_code == 404
    for action in ("cancel", "preview", "save"):
        assert bolt.post(f"/backtests/{kept.id}/{action}").status_code == 404
