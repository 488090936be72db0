"""Previews of changes of settings, with the real dbt project on the data that is there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from kpi_platform.adapters import duckdb_file
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.accounts import add_account
from kpi_platform.dashboard.database import open_engine, upgrade
from kpi_platform.dashboard.tokens import create_token
from kpi_platform.domain.errors import BuildFailed, InvalidInput
from kpi_platform.domain.settings import parse_settings
from kpi_platform.pipeline.customer_settings import effective_settings
from kpi_platform.pipeline.preview import Preview, preview_settings
from kpi_platform.web.app import create_app
from kpi_platform_tests.pipeline.landing import ACCOUNT, CASE, account, customer, land


def _cases() -> list[Any]:
    """Rated 4 ten days ago and 2 sixty days ago: a window of 30 days holds the first alone."""
    today = datetime.now(UTC).replace(tzinfo=None)
    return [
        {
            "id": f"c{days}", "account_id": account(1)["id"], "created_date": today - timedelta(days=days),
            "satisfaction_rating_c": rating, "is_deleted": False,
        }
        for days, rating in ((10, 4), (60, 2))
    ]  # fmt: skip


CONTACT = {"id": "varchar(20)", "account_id": "varchar(50)", "email": "varchar(100)", "is_deleted": "boolean"}


def _contacts() -> list[Any]:
    """Zeta Works has addresses of its own and a deleted one; Johnson Controls has free mail."""
    addresses = (
        (2, "Jo@Mail.ZW-Group.co.uk", False), (2, None, False), (2, "ann@gone.com", True),
        (1, "johnson.controls@gmail.com", False),
    )  # fmt: skip
    return [
        {"id": f"p{n}", "account_id": account(owner)["id"], "email": email, "is_deleted": deleted}
        for n, (owner, email, deleted) in enumerate(addresses)
    ]


@dataclass
class Shop:
    configuration: Configuration
    engine: sa.Engine

    def preview(self, **sections: Any) -> Preview:
        with self.engine.connect() as connection:
            document = effective_settings(self.configuration, connection, "acme").document()
        for section, values in sections.items():
            document[section] = _merged(document[section], values)
        return preview_settings(self.configuration, self.engine, "acme", parse_settings(document))

    def scratch_rows(self) -> dict[str, int]:
        """The rows of every table of the scratch schema that has customers."""
        with duckdb_file.connect(self.configuration.warehouse_file, read_only=True) as warehouse:
            tables = warehouse.execute(
                "select distinct table_name from information_schema.columns "
                "where table_schema = 'kpi_preview' and column_name = 'customer_id'"
            ).fetchall()
            return {
                name: warehouse.sql(f"from kpi_preview.{name}").count("*").fetchall()[0][0]
                for (name,) in tables
            }


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    return new


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    home = tmp_path_factory.mktemp("preview")
    configuration = Configuration.from_environment({"KPI_PLATFORM_HOME": str(home)})
    engine = open_engine(configuration.dashboard_database_url)
    upgrade(engine)
    customer(configuration, engine, "acme")
    accounts = [account(1, name="Johnson Controls"), account(2, name="Zeta Works")]
    tables = {
        "account": (ACCOUNT, accounts),
        "case": (CASE, _cases()),
        "contact": (CONTACT, _contacts()),
    }
    land(configuration.warehouse_file, "acme_sf", tables)
    with engine.begin() as connection:
        add_account(connection, "acme", name="Jonson Controls")
        add_account(connection, "acme", name="ZWG", website="https://www.zw-group.co.uk/about")
        add_account(connection, "acme", name="Gone", website="gone.com")
        add_account(connection, "acme", name="Mail", website="gmail.com")
    yield Shop(configuration, engine)
    engine.dispose()


def test_the_same_settings_change_nothing(shop: Shop) -> None:
    found = shop.preview()
    assert (found.changes, found.affected, found.accounts) == ((), (), 2)


@pytest.fixture(scope="module")
def found(shop: Shop) -> Preview:
    """What a shorter window and other weights would change."""
    weights = {"relationship": 1, "adoption": 0, "business_outcomes": 0, "support": 0}
    return shop.preview(kpi_mappings={"csat": {"window_days": 30}}, health_score={"weights": weights})


def test_a_shorter_window_and_other_weights_change_values_and_health(found: Preview) -> None:
    csat = {one.name: value for one in found.affected for value in one.values if value.kpi == "csat"}
    assert set(csat) == {"Johnson Controls"}
    assert (csat["Johnson Controls"].before, csat["Johnson Controls"].after) == (3, 4)
    assert found.values_changed == 1
    # NPS 70 and CSAT 75 of 100 weigh 0.3 each. Alone in the score they cover 0.6; the other account has NPS
    # only, which covers 0.3 and is too little, as everything was before.
    health = {one.name: (one.health.before, one.health.after) for one in found.affected if one.health}
    assert health == {"Johnson Controls": (None, pytest.approx(72.5))}
    assert found.health_changed == 1


def test_other_thresholds_change_bands_and_no_value(shop: Shop) -> None:
    found = shop.preview(kpi_mappings={"csat": {"thresholds": {"healthy": 2, "at_risk": 1}}})
    [changed] = [value for one in found.affected for value in one.values]
    assert (changed.before, changed.after) == (3, 3)
    assert (changed.before_band, changed.after_band) != (changed.after_band, changed.before_band)
    assert (found.bands_changed, found.values_changed, len(found.affected)) == (1, 0, 1)


def test_nothing_of_the_customer_is_written_and_nothing_of_the_preview_is_left(
    shop: Shop, found: Preview
) -> None:
    assert found.affected
    with shop.engine.connect() as connection:
        for table in ("account_matches", "kpis", "kpi_uploads", "audit_events"):
            assert connection.execute(sa.text(f"select count(*) from {table}")).scalar() == 0
    rows = shop.scratch_rows()
    assert "kpi_values" in rows
    assert set(rows.values()) == {0}


def test_by_domain_other_matches_are_found_among_them_those_of_the_contacts_addresses(shop: Shop) -> None:
    found = shop.preview(account_matching={"strategy": "domain"})
    matches = {
        one.name: (one.match.before_account, one.match.after, one.match.after_account)
        for one in found.affected
        if one.match
    }
    assert matches == {
        "Johnson Controls": ("Jonson Controls", "none", None),
        "Zeta Works": (None, "match", "ZWG"),
    }
    assert (found.matches_changed, found.values_changed) == (2, 0)


def test_the_rows_of_a_preview_that_fails_do_not_outlive_it_either(shop: Shop) -> None:
    with duckdb_file.connect(shop.configuration.warehouse_file) as warehouse:
        warehouse.execute(
            "create or replace table kpi_preview.account_health_score (customer_id varchar, account_id date)"
        )
    try:
        with pytest.raises(BuildFailed, match="account_health_score"):
            shop.preview(kpi_mappings={"csat": {"window_days": 30}})
        assert set(shop.scratch_rows().values()) == {0}
    finally:
        with duckdb_file.connect(shop.configuration.warehouse_file) as warehouse:
            warehouse.execute("drop table kpi_preview.account_health_score")


def test_the_api_answers_what_would_change(shop: Shop) -> None:
    with shop.engine.begin() as connection:
        text, _ = create_token(connection, name="ann", customer="acme", scope="write", who="test")
    headers = {"Authorization": f"Bearer {text}"}
    client = TestClient(create_app(shop.configuration), "http://127.0.0.1", headers=headers)
    document = client.get("/api/fivetran/config").json()
    document["kpi_mappings"]["csat"]["window_days"] = 30
    answer = client.post("/api/fivetran/config/preview", json=document)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [one["path"] for one in found["changes"]] == ["kpi_mappings.csat.window_days"]
    assert (found["accounts_affected"], found["affected"][0]["values"][0]["after"]) == (1, 4)
    assert client.get("/api/fivetran/config").headers["etag"] == '"1"'


def test_another_warehouse_cannot_be_previewed(shop: Shop) -> None:
    with pytest.raises(InvalidInput, match="cannot be previewed"):
        shop.preview(warehouse={"schema": "elsewhere"})
