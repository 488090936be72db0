"""The names that are listed for a customer, by the operator and by the upgrade."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard import database
from kpi_platform.dashboard.allowed_secrets import allow_secret, forbid_secret, listed_secrets, longer_keys
from kpi_platform.dashboard.customers import add_customer, remove_customer
from kpi_platform.dashboard.types import JSON
from kpi_platform.domain.errors import NotFound, SecretNotAllowed
from kpi_platform.pipeline.customer_settings import customer_secrets

STORED: dict[str, dict[str, Any]] = {
    "own": {"warehouse": {"credentials_secret": "KPI_SECRET_OWN_PASSWORD"}},
    "older": {
        "warehouse": {"host": "db", "credentials_secret": "WAREHOUSE_PASSWORD_OLDER"},
        "alerts": {"webhook_url_secret": "KPI_ALERT_WEBHOOK_URL"},
    },
    "default": {"warehouse": {"credentials_secret": "WAREHOUSE_PASSWORD"}},
    "beside": {"warehouse": {"database": "beside"}},
    "elsewhere": {
        "warehouse": {"host": "other", "database": "d", "credentials_secret": "WAREHOUSE_PASSWORD"}
    },
    "attacker": {
        "warehouse": {"credentials_secret": "KPI_SESSION_KEY"},
        "alerts": {"webhook_url_secret": "WAREHOUSE_PASSWORD"},
    },
    "thief": {"alerts": {"webhook_url_secret": "KPI_SECRET_OWN_PASSWORD"}},
    "odd": {"warehouse": None, "alerts": ["x"]},
}


def test_an_upgrade_lists_what_settings_name_and_nothing_of_the_platform(
    any_dashboard_engine: sa.Engine,
) -> None:
    engine = any_dashboard_engine
    database.downgrade(engine, "0007")
    versions = sa.table(
        "customer_settings_versions",
        *(sa.column(name) for name in ("customer_id", "version", "saved_by", "saved_at", "note")),
        sa.column("document", JSON),
        sa.column("changes", JSON),
    )
    with engine.begin() as connection:
        for key, document in STORED.items():
            number = add_customer(connection, key, key).id
            for version, stored in enumerate(
                ({"warehouse": {"credentials_secret": "FORMER_NAME"}}, document)
            ):
                row = {"customer_id": number, "version": version + 1, "document": stored, "changes": []}
                row |= {"saved_by": "t", "saved_at": datetime.now(UTC).isoformat(), "note": ""}
                connection.execute(sa.insert(versions).values(row))
    database.upgrade(engine)
    with engine.connect() as connection:
        listed = listed_secrets(connection, list(STORED))
    assert {(one.customer, one.name): one.as_before for one in listed} == {
        ("older", "WAREHOUSE_PASSWORD_OLDER"): True,
        ("older", "KPI_ALERT_WEBHOOK_URL"): False,
        ("beside", "WAREHOUSE_PASSWORD"): False,
    }
    assert {(one.allowed_by, one.confirmed) for one in listed} == {("the upgrade", False)}


def test_a_confirmed_name_is_the_operator_s(any_dashboard_engine: sa.Engine) -> None:
    with any_dashboard_engine.begin() as connection:
        for key in ("acme", "globex"):
            add_customer(connection, key, key)
        for _ in range(2):
            allow_secret(connection, "acme", "ACME_PASSWORD", who="operator")
        [listed] = listed_secrets(connection, ["acme", "globex"])
        assert (listed.customer, listed.allowed_by, listed.confirmed) == ("acme", "operator", True)
        forbid_secret(connection, "acme", "ACME_PASSWORD")
        assert listed_secrets(connection, ["acme"]) == []
        with pytest.raises(NotFound, match="ACME_PASSWORD is not listed"):
            forbid_secret(connection, "acme", "ACME_PASSWORD")


def test_a_removed_customer_keeps_its_names(any_dashboard_engine: sa.Engine) -> None:
    configuration = Configuration.from_environment({"KPI_SECRET_A_B_X": "theirs"})
    with any_dashboard_engine.begin() as connection:
        for key in ("a", "a_b", "ab", "a__c"):
            add_customer(connection, key, key)
        remove_customer(connection, "a_b")
        assert longer_keys(connection, ["a"]) == {"a": {"a_b", "a__c"}}
        assert longer_keys(connection, ["a", "ab"]) == {"a": {"a_b", "a__c"}, "ab": frozenset()}
        assert (
            customer_secrets(configuration, connection, "a_b").secret("KPI_SECRET_A_B_X").text() == "theirs"
        )
        with pytest.raises(SecretNotAllowed):
            customer_secrets(configuration, connection, "a").secret("KPI_SECRET_A_B_X")
