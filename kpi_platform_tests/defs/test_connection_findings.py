"""Doctor and the status page name each connection that is not as the settings want it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest

from kpi_platform.adapters.fivetran import FivetranApi, open_fivetran
from kpi_platform.cli.doctor_checks import CHECKS, Diagnosis
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import save_settings
from kpi_platform.web.app import create_app
from kpi_platform_tests.defs.installation import Installation, installed, tick
from kpi_platform_tests.web.conftest import Web
from kpi_platform_tests.web.pages.test_pages import HTML

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Kind:
    """`service` None: there is no such connection. `condition`: what is set behind the API; `change`: what
    somebody changes through it; `settings`: how the settings differ from it."""

    says: str
    mend: str = ""
    service: str | None = "salesforce"
    condition: dict[str, Any] = field(default_factory=dict)
    change: Callable[[FivetranApi, str], object] = lambda _api, _connection: None
    settings: dict[str, Any] = field(default_factory=dict)


TASKS = [{"code": "reconnect", "message": "The password has expired."}]
KINDS = {
    "right": Kind(""),
    "unknown": Kind("Fivetran knows no connection", "correct salesforce.connection_id", service=None),
    "foreign": Kind("syncs google_sheets", "correct salesforce.connection_id", service="google_sheets"),
    "incomplete": Kind(
        "is not set up yet (The password has expired.)", "its owner signs in at",
        condition={"setup_state": "incomplete", "tasks": TASKS},
    ),
    "broken": Kind(
        "is broken (The password has expired.)", "mend it at",
        condition={"setup_state": "broken", "tasks": TASKS},
    ),
    "paused": Kind(
        "is paused in Fivetran", "resume it at",
        change=lambda api, connection: api.modify_connection(connection, paused=True),
    ),
    "rescheduled": Kind(
        "is auto in Fivetran and manual by the settings", "save the settings of salesforce again",
        change=lambda api, connection: api.modify_connection(connection, schedule_type="auto"),
    ),
    "elsewhere": Kind(
        "lands in schema 'elsewhere'", "correct salesforce.schema", settings={"schema": "another_one"}
    ),
}  # fmt: skip
"""Customer → what is the matter with its Salesforce; the connection has the customer's name."""


@dataclass(frozen=True)
class Told:
    doctor: list[Diagnosis]
    status: dict[str, str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with installed(tmp_path_factory.mktemp("findings") / "home") as installation:
        for customer, kind in KINDS.items():
            _make(installation, customer, kind)
        tick(installation, "requests")
        tick(installation, "fivetran_syncs")
        [check] = [check for name, check in CHECKS if name == "customers"]
        findings = list(check(installation.configuration))
        app = create_app(installation.configuration)
        browser = Web(app, installation.configuration, installation.engine)
        pages = {}
        for customer in KINDS:
            page = browser.signed_in(customer).get("/status", headers=HTML)
            pages[customer] = re.sub(r"\s+", " ", unescape(page.text))
        app.state.engine.dispose()
        yield Told(findings, pages)


def _make(installation: Installation, customer: str, kind: Kind) -> None:
    if kind.service is not None:
        installation.control("POST", "connections", {"id": customer, "service": kind.service})
        with open_fivetran(installation.configuration) as api:
            kind.change(api, customer)
    if kind.condition:
        installation.control("PATCH", f"connections/{customer}", kind.condition)
    named = {"connection_id": customer, "schema": customer} | kind.settings
    with installation.engine.begin() as connection:
        add_customer(connection, customer, customer.title())
        document = {"salesforce": named, "servicenow": {"enabled": False}}
        save_settings(connection, customer, document, who="test")


@pytest.mark.parametrize("customer", KINDS)
def test_doctor_and_the_status_page_say_what_is_wrong_with_a_connection_and_what_mends_it(
    told: Told, customer: str
) -> None:
    kind = KINDS[customer]
    [finding] = [finding for finding in told.doctor if finding.check == f"customer {customer}"]
    if not kind.says:
        assert finding.verdict == "ok"
        assert not any(other.says in told.status[customer] for other in KINDS.values() if other.says)
        return
    assert finding.verdict == "warning"
    assert kind.says in finding.detail
    assert kind.mend in finding.next_step
    assert kind.says in told.status[customer]
    # The page calls settings by their labels.
    on_page = kind.mend.replace("salesforce.connection_id", "“Salesforce › Connection ID”")
    assert on_page.replace("salesforce.schema", "“Salesforce › Schema”") in told.status[customer]


def test_each_connection_has_one_finding_and_no_customer_sees_anothers(told: Told) -> None:
    for customer, page in told.status.items():
        said = [name for name, kind in KINDS.items() if kind.says and kind.says in page]
        assert said == ([customer] if KINDS[customer].says else []), customer
