"""An account that only ServiceNow knows, with the name of one of Salesforce: asked about, then joined."""

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.adapters import duckdb_file
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.account_reading import find_accounts
from kpi_platform.dashboard.deciding import decide, undo_decision
from kpi_platform.dashboard.match_decisions import newest_decision
from kpi_platform.dashboard.matches import list_matches
from kpi_platform.dashboard.shown_accounts import AccountFilter
from kpi_platform_tests.pipeline.desk import T1, T2, T3
from kpi_platform_tests.pipeline.landing import ACCOUNT, INCIDENT, account, customer, land
from kpi_platform_tests.pipeline.loading import load_dashboard
from kpi_platform_tests.pipeline.matching import match_accounts
from kpi_platform_tests.pipeline.models import run_models

NAMED = INCIDENT | {"u_customer_account_name": "varchar(200)"}
OWN = account(1)["id"]


class Home:
    """One customer, computed, matched and loaded by the platform's own steps."""

    def __init__(self, configuration: Configuration, engine: sa.Engine) -> None:
        self.configuration, self.engine = configuration, engine
        customer(configuration, engine, "acme", {"servicenow": {"enabled": True}})

    def land(self, *accounts: str) -> None:
        rows = [account(number + 1, name=name) for number, name in enumerate(accounts)]
        tickets = [
            {"sys_id": "own", "opened_at": "2026-02-20", "u_customer_account_id": OWN},
            *(
                {"sys_id": f"ext{number}", "opened_at": f"2026-02-2{number}",
                 "u_customer_account_id": "EXT-1", "u_customer_account_name": name}
                for number, name in enumerate(("Someone Else", " ACCOUNT  1"))
            ),
        ]  # fmt: skip
        land(self.configuration.warehouse_file, "acme_sf", {"account": (ACCOUNT, rows)})
        land(self.configuration.warehouse_file, "acme_sn", {"incident": (NAMED, tickets)})

    def run(self, as_of: datetime) -> None:
        run_models(self.configuration, self.engine, ["acme"], as_of)
        match_accounts(self.configuration, self.engine, "acme", as_of)
        load_dashboard(self.configuration, self.engine, "acme", as_of)

    def volumes(self) -> dict[str, float | None]:
        """Source account → tickets, in the marts."""
        with duckdb_file.connect(self.configuration.warehouse_file, read_only=True) as warehouse:
            return dict(
                warehouse.execute(
                    "select account_id, value from kpi.kpi_values where kpi = 'support_ticket_volume'"
                ).fetchall()
            )

    def shown(self) -> set[str]:
        with self.engine.connect() as connection:
            return {one.account.name for one in find_accounts(connection, "acme", AccountFilter()).accounts}

    def review(self) -> list[Any]:
        with self.engine.connect() as connection:
            return list_matches(connection, "acme", decision="review")


@pytest.fixture
def home(configuration: Configuration, sqlite_engine: sa.Engine) -> Home:
    return Home(configuration, sqlite_engine)


def test_it_is_asked_about_and_once_accepted_its_incidents_belong_to_the_account(home: Home) -> None:
    home.land("Account 1", "Account 2")
    home.run(T1)
    # The first load creates the account that it may be.
    assert home.volumes() == {OWN: 1, account(2)["id"]: None, "EXT-1": 2}
    assert home.shown() == {"Account 1", "Account 2"}
    home.run(T2)
    [asked] = home.review()
    assert (asked.source_account_id, asked.method, asked.account_name) == ("EXT-1", "same_name", "Account 1")
    with home.engine.begin() as connection:
        decide(connection, "acme", "EXT-1", "accept", who="Ada")
    # Until the next run it neither waits for anybody nor overwrites the account.
    [pending] = home.review()
    assert (pending.method, pending.reason[:15]) == ("joined", "accepted by Ada")
    load_dashboard(home.configuration, home.engine, "acme", T2)
    home.run(T3)
    assert home.volumes() == {OWN: 3, account(2)["id"]: None}
    assert (home.review(), home.shown()) == ([], {"Account 1", "Account 2"})
    with home.engine.begin() as connection:
        decision = newest_decision(connection, "acme", "EXT-1")
        assert undo_decision(connection, "acme", decision.id, who="Ada").decision == "review"
    home.run(T3)
    assert home.volumes()["EXT-1"] == 2
    [again] = home.review()
    assert again.method == "same_name"


def test_all_accounts_of_the_name_are_offered_and_a_rejected_one_is_an_account_of_its_own(home: Home) -> None:
    home.land("Account 1", "account  1 ")
    home.run(T1)
    home.run(T2)
    [asked] = home.review()
    offered = [one["account_id"] for one in asked.candidates]
    assert len(offered) == 2
    for account_id in offered:
        with home.engine.begin() as connection:
            decide(connection, "acme", "EXT-1", "reject", who="Ada", account_id=account_id)
    home.run(T3)
    assert home.review() == []
    assert len(home.shown()) == 3
