"""An upgrade writes down what the numbers of a customer that exists were computed by."""

from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import database
from kpi_platform.dashboard.customers import add_customer
from kpi_platform.dashboard.settings_versions import (
    current_settings,
    differences,
    save_settings,
    settings_history,
)
from kpi_platform.domain.settings import parse_settings
from kpi_platform_tests.old_numbers import OLD_NUMBERS

BEFORE = "0012"
UPGRADES = 4
"""Upgrades since then that have added settings."""
STATED = {**OLD_NUMBERS, "alerts": {"most_per_hour": 0}, "update": {"history_weeks": 0}}
"""What they state: the numbers, that alerts have no limit, and that no week of the past is computed."""
OWN: dict[str, Any] = {"servicenow": {"schema": "own_itsm", "sla_source": "sla_due"}}


def documents(engine: sa.Engine, customer: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [one.document for one in settings_history(connection, customer)]


def paths(document: Any, prefix: str = "") -> set[str]:
    if not isinstance(document, dict) or not document:
        return {prefix}
    return {path for name, part in document.items() for path in paths(part, f"{prefix}.{name}")}


def test_a_customer_that_exists_keeps_its_numbers(any_dashboard_engine: sa.Engine) -> None:
    database.downgrade(any_dashboard_engine, BEFORE)
    with any_dashboard_engine.begin() as connection:
        for customer in ("unsaved", "saved"):
            add_customer(connection, customer, customer)
        save_settings(connection, "saved", {"salesforce": {"schema": "own_crm"}}, who="somebody")
        save_settings(connection, "saved", OWN, who="somebody")
    database.upgrade(any_dashboard_engine)
    # A version for each of the upgrades that added settings.
    assert documents(any_dashboard_engine, "unsaved") == [STATED] * UPGRADES
    *later, first = documents(any_dashboard_engine, "saved")
    # Each version means what it meant: an older one that is restored changes no number by itself.
    kept = {**STATED, "servicenow": {**OWN["servicenow"], **OLD_NUMBERS["servicenow"]}}
    assert later == [kept] * (UPGRADES + 1)
    assert first == {**STATED, "salesforce": {"schema": "own_crm", **OLD_NUMBERS.get("salesforce", {})}}
    with any_dashboard_engine.connect() as connection:
        stored = current_settings(connection, "saved")
        history = settings_history(connection, "saved")
    assert stored is not None
    assert (stored.version, stored.saved_by) == (2 + UPGRADES, "the upgrade")
    changes = [change for one in history[:UPGRADES] for change in one.changes]
    assert sorted(changes, key=lambda change: change["path"]) == differences({}, STATED)
    assert parse_settings(stored.document).servicenow.sla_source == "sla_due"


def test_a_new_customer_gets_the_new_rules(any_dashboard_engine: sa.Engine) -> None:
    defaults = parse_settings({}).document()
    assert parse_settings(OLD_NUMBERS).document() != defaults
    with any_dashboard_engine.begin() as connection:
        add_customer(connection, "new", "New")
        assert current_settings(connection, "new") is None


def test_the_older_program_can_read_the_settings_after_a_downgrade(any_dashboard_engine: sa.Engine) -> None:
    with any_dashboard_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        save_settings(connection, "acme", parse_settings(OWN).document(), who="somebody")
    database.downgrade(any_dashboard_engine, BEFORE)
    [document] = documents(any_dashboard_engine, "acme")
    assert not paths(OLD_NUMBERS) & paths(document)
    assert "opportunity_arr" not in document["salesforce"]["custom_fields"]
    database.upgrade(any_dashboard_engine)
    newest, *_ = documents(any_dashboard_engine, "acme")
    assert paths(OLD_NUMBERS) <= paths(newest)
    assert newest["servicenow"].items() >= OLD_NUMBERS["servicenow"].items()
