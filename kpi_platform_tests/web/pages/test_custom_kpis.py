"""Custom KPIs in the settings' form: added, changed, removed; what is wrong stands at its field."""

import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from kpi_platform.domain.custom_kpis import CustomKpi
from kpi_platform.web.custom_kpi_form import definition_of, texts_of
from kpi_platform_tests.pipeline.uncomputable import COMPUTABLE, UNCOMPUTABLE, land_cases
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.pages.test_pages import HTML, form_token

ESCALATED: dict[str, str] = {
    "name": "Escalated cases", "slug": "escalated_cases", "table": "salesforce.case", "aggregate": "count",
    "filters": "IsEscalated eq true\nPriority in High, Critical", "time_field": "CreatedDate",
    "window_days": "30", "unit": "cases", "direction": "low", "category": "Support & Experience",
    "impact": "High", "frequency": "Weekly", "thresholds.healthy": "1", "thresholds.at_risk": "5",
}  # fmt: skip
_NOT_CANCELLED = {"field": "state", "operator": "ne", "value": 8}
_NUMBERS = {"field": "number", "operator": "in", "value": ["1", 'a, "b"']}
RATIO: dict[str, Any] = {
    "name": "Share of late", "slug": "late_share", "source": "servicenow", "table": "incident",
    "aggregate": "ratio", "unit": "percent",
    "filters": [{"or": [{"field": "state", "operator": "is_null"}, _NOT_CANCELLED]}],
    "numerator": {"aggregate": "count", "filters": [_NUMBERS]},
    "denominator": {"aggregate": "count_distinct", "field": "sys_id"},
}  # fmt: skip


@pytest.fixture
def browser(web: Web) -> TestClient:
    browser = web.signed_in("acme", "write")
    browser.headers.update(HTML)
    return browser


def post(browser: TestClient, path: str, texts: dict[str, str]) -> Any:
    token = form_token(browser.get("/settings/custom-kpis/new").text)
    return browser.post(path, data={**texts, "csrf_token": token})


def test_one_is_added_changed_and_removed(web: Web, browser: TestClient) -> None:
    assert post(browser, "/settings/custom-kpis/new", ESCALATED).status_code == 303
    config = web.client("acme").get("/api/fivetran/config").json()
    [kpi] = config["custom_kpis"]
    assert kpi["filters"][1]["value"] == ["High", "Critical"]
    assert (kpi["window_days"], kpi["thresholds"]) == (30, {"healthy": 1, "at_risk": 5})
    assert "Escalated cases" in browser.get("/settings?section=kpi_mappings").text
    page = browser.get("/settings/custom-kpis/escalated_cases").text
    assert "IsEscalated eq true\nPriority in High, Critical" in page
    assert (
        post(browser, "/settings/custom-kpis/escalated_cases", ESCALATED | {"window_days": "60"}).status_code
        == 303
    )
    assert post(browser, "/settings/custom-kpis/escalated_cases/remove", {}).status_code == 303
    assert browser.get("/settings/custom-kpis/escalated_cases").status_code == 404


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"slug": "nps"}, "slug", "is a standard KPI"),
        ({"window_days": "a month"}, "window_days", "must be a whole number"),
        ({"aggregate": "sum"}, "field", "needs one"),
        ({"filters": "Priority like High"}, "filters", "condition 1: "),
        ({"aggregate": "ratio"}, "aggregate", "needs a numerator"),
        ({"thresholds.healthy": "9", "thresholds.at_risk": "1"}, "thresholds-healthy", "wrong way round"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(
    browser: TestClient, change: dict[str, str], field: str, words: str
) -> None:
    answer = post(browser, "/settings/custom-kpis/new", ESCALATED | change)
    assert answer.status_code == 400
    message = re.search(rf'id="{field}-wrong">(.*?)</p>', answer.text, re.DOTALL)
    assert message is not None, answer.text
    assert words in message[1]
    assert "Escalated cases" in answer.text


def test_what_did_not_land_or_is_of_the_wrong_kind_stands_at_its_field(web: Web, browser: TestClient) -> None:
    land_cases(web.configuration.warehouse_file, "salesforce_crm")
    web.client("acme").put("/api/fivetran/config", json={"servicenow": {"enabled": False}})
    for what, (change, path) in UNCOMPUTABLE.items():
        texts = texts_of(CustomKpi.model_validate(COMPUTABLE))
        for name, value in change.items():
            texts[name] = f"salesforce.{value}" if name == "table" else value
        if "filters" in change:
            texts["filters"] = "\n".join(map(json.dumps, change["filters"]))
        answer = post(browser, "/settings/custom-kpis/new", texts)
        assert answer.status_code == 400, what
        assert re.findall(r'id="([^"]*)-wrong"', answer.text) == [path.partition(".")[0]], what
    texts = texts_of(CustomKpi.model_validate(COMPUTABLE))
    assert post(browser, "/settings/custom-kpis/new", texts).status_code == 303


@pytest.mark.parametrize("definition", [RATIO, definition_of(ESCALATED)])
def test_a_definition_survives_the_form(definition: dict[str, Any]) -> None:
    kpi = CustomKpi.model_validate(definition)
    assert CustomKpi.model_validate(definition_of(texts_of(kpi))) == kpi
