import pytest
import sqlalchemy as sa

from kpi_platform.dashboard.customers import add_customer, get_customer, list_customers, remove_customer
from kpi_platform.dashboard.settings_versions import (
    current_settings,
    save_settings,
    settings_history,
)
from kpi_platform.domain.errors import Conflict, InvalidInput, UnknownCustomer


def test_a_customer_is_added_listed_removed_and_comes_back(any_dashboard_engine: sa.Engine) -> None:
    with any_dashboard_engine.begin() as connection:
        added = add_customer(connection, "acme", "Acme")
        add_customer(connection, "bolt", "Bolt")
        assert [customer.key for customer in list_customers(connection)] == ["acme", "bolt"]
        with pytest.raises(Conflict):
            add_customer(connection, "acme", "Again")
        remove_customer(connection, "acme")
        with pytest.raises(UnknownCustomer, match="bolt"):
            get_customer(connection, "acme")
        assert add_customer(connection, "acme", "Acme Ltd").id == added.id
        with pytest.raises(InvalidInput):
            add_customer(connection, "Not A Key", "x")


def test_settings_are_versions_with_what_changed(any_dashboard_engine: sa.Engine) -> None:
    with any_dashboard_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        assert current_settings(connection, "acme") is None
        first = {"update": {"mode": "upsert"}, "x": 1}
        assert save_settings(connection, "acme", first, who="ann", expected_version=0) == 1
        assert save_settings(connection, "acme", first, who="ann", expected_version=1) == 1
        second = {"update": {"mode": "replace"}, "x": 1}
        assert save_settings(connection, "acme", second, who="bob", expected_version=1, note="why") == 2
        with pytest.raises(Conflict, match="version 2, not 1"):
            save_settings(connection, "acme", first, who="ann", expected_version=1)
        middle, _ = settings_history(connection, "acme")
        assert middle.changes == [{"path": "update.mode", "before": "upsert", "after": "replace"}]
        assert (middle.saved_by, middle.note) == ("bob", "why")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"connection_id": "conn_1", "schema": "other"}, "connection 'conn_1' belongs to customer 'acme'"),
        ({"connection_id": "conn_2", "schema": "CRM"}, "raw schema 'crm' belongs to customer 'acme'"),
    ],
)
def test_a_connection_or_raw_schema_belongs_to_one_customer(
    any_dashboard_engine: sa.Engine, section: dict[str, str], message: str
) -> None:
    mine = {"salesforce": {"connection_id": "conn_1", "schema": "crm"}, "warehouse": {"type": "duckdb"}}
    with any_dashboard_engine.begin() as connection:
        add_customer(connection, "acme", "Acme")
        add_customer(connection, "bolt", "Bolt")
        save_settings(connection, "acme", mine, who="ann")
        with pytest.raises(Conflict) as taken:
            save_settings(connection, "bolt", {**mine, "salesforce": section}, who="ann")
        assert message in taken.value.for_operator.message
        assert "acme" not in f"{taken.value} {taken.value.details}"
        elsewhere = {"salesforce": {"schema": "crm"}, "warehouse": {"type": "postgres", "host": "h"}}
        assert save_settings(connection, "bolt", elsewhere, who="ann") == 1
        remove_customer(connection, "acme")
        with pytest.raises(Conflict) as taken:
            save_settings(connection, "bolt", {**mine, "salesforce": section}, who="ann")
        assert message in taken.value.for_operator.message
