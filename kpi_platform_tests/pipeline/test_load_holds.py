"""A load that would do harm is held: nothing is written but the hold, until somebody releases it."""

from datetime import datetime, timedelta

import pytest

from kpi_platform.dashboard.account_counts import record_account_counts
from kpi_platform.dashboard.audit import audit_events
from kpi_platform.dashboard.load_holds import open_hold, release_hold, released_holds
from kpi_platform.dashboard.rollback import rollback
from kpi_platform.dashboard.uploads import list_uploads
from kpi_platform.domain.account_counts import AccountCounts, LeftOutReason
from kpi_platform.domain.errors import LoadHeld, LoadRefused, NotFound
from kpi_platform.pipeline.load import LoadReport
from kpi_platform_tests.pipeline.desk import T1, T2, T3, Desk
from kpi_platform_tests.pipeline.marts import MartAccount

T4, T5 = T3 + timedelta(days=1), T3 + timedelta(days=2)


def load(desk: Desk, as_of: datetime, accounts: int, nps: float | str = 40.0) -> LoadReport:
    values = {"nps": nps, "resolution_time": 5.0}
    return desk.load(as_of, [MartAccount(f"001{n:03}", f"Works {n}", values) for n in range(accounts)])


def held(desk: Desk) -> list[str]:
    with desk.engine.connect() as connection:
        hold = open_hold(connection, "acme")
        return hold.reasons if hold and hold.released_at is None else []


def test_a_load_without_most_of_the_accounts_writes_only_its_hold(desk: Desk) -> None:
    load(desk, T1, 20)
    before = desk.everything()
    with pytest.raises(LoadHeld, match="80% of the 20 accounts") as first:
        load(desk, T2, 4)
    with pytest.raises(LoadHeld):
        load(desk, T3, 4)
    assert first.value.details["recorded"]
    assert desk.everything() == before
    assert len(held(desk)) == 1
    assert "uploads release acme" in first.value.next_step


def test_a_load_as_usual_goes_through_and_ends_the_hold(desk: Desk) -> None:
    load(desk, T1, 20)
    with pytest.raises(LoadHeld):
        load(desk, T2, 4)
    assert load(desk, T3, 20).version == 2
    assert held(desk) == []


def test_what_is_released_loads_and_is_usual_from_then_on_but_worse_is_held_again(desk: Desk) -> None:
    load(desk, T1, 40)
    with pytest.raises(LoadHeld):
        load(desk, T2, 20)
    with desk.engine.begin() as connection:
        released = release_hold(connection, "acme", who="ops")
        assert (released.released_by, released.as_of) == ("ops", T2)
        assert list(released_holds(connection)) == ["acme"]
        assert audit_events(connection, "acme")[0].action == "upload.release"
        with pytest.raises(NotFound, match="No load of 'acme' is held"):
            release_hold(connection, "acme", who="ops")
    with pytest.raises(LoadHeld):
        load(desk, T3, 4)
    assert held(desk)
    with desk.engine.begin() as connection:
        release_hold(connection, "acme", who="ops")
    assert load(desk, T4, 4).version == 2
    assert load(desk, T5, 4).version == 3
    with desk.engine.connect() as connection:
        assert not released_holds(connection)


def test_all_values_of_a_source_without_a_number_are_held_unless_it_was_switched_off(desk: Desk) -> None:
    load(desk, T1, 12)
    with pytest.raises(LoadHeld, match="100% of the 12 salesforce values"):
        load(desk, T2, 12, nps="not_mapped")
    desk.settings(kpi_mappings={"nps": {"enabled": False}})
    assert load(desk, T3, 12, nps="disabled").version == 2


def test_what_is_older_or_only_tried_holds_nothing(desk: Desk) -> None:
    load(desk, T3, 20)
    assert load(desk, T1, 2).version == 2
    desk.marts(T5, [MartAccount("001000", "Works 0", {"nps": 1.0})])
    with pytest.raises(LoadHeld, match="would be held"):
        desk.load(T5, [MartAccount("001000", "Works 0", {"nps": 1.0})], dry_run=True)
    assert held(desk) == []


def test_after_a_roll_back_the_load_before_says_what_is_usual(desk: Desk) -> None:
    load(desk, T1, 20)
    load(desk, T2, 11)
    with desk.engine.begin() as connection:
        rollback(connection, "acme", 2, who="ops")
    with pytest.raises(LoadHeld):
        load(desk, T3, 8)


def test_every_source_account_is_matched_created_skipped_or_in_review(desk: Desk) -> None:
    report = load(desk, T1, 12)
    assert (report.source_accounts, report.accounts_created, report.accounts_matched) == (12, 12, 0)
    report = load(desk, T2, 13, nps=400.0)
    assert (report.source_accounts, report.accounts_created, report.accounts_matched) == (13, 1, 12)
    assert [one.text for one in report.anomalies] == ["The median of nps went from 40 to 400."]
    desk.settings(
        error_handling={"on_missing_account": "skip"}, account_matching={"create_new_accounts": False}
    )
    report = load(desk, T3, 14)
    assert (report.accounts_skipped, report.accounts_matched) == (1, 13)
    with desk.engine.connect() as connection:
        assert list_uploads(connection, "acme")[0].accounts_skipped == 1


def count(desk: Desk, as_of: datetime, *groups: tuple[LeftOutReason | None, str | None, int]) -> None:
    """As the build at `as_of` would count the accounts."""
    with desk.engine.begin() as connection:
        record_account_counts(connection, {"acme": AccountCounts.of(groups)}, as_of)


def test_a_load_after_which_no_account_is_left_is_held_says_why_and_can_be_released(desk: Desk) -> None:
    load(desk, T1, 3)
    before = desk.everything()
    count(desk, T2, ("type", "Kunde", 2), ("type", None, 1))
    with pytest.raises(LoadHeld, match="3 accounts do not count: type 'Kunde' 2, empty 1") as caught:
        load(desk, T2, 0)
    assert "salesforce.account_types.customer" in caught.value.message
    assert desk.everything() == before
    with desk.engine.begin() as connection:
        release_hold(connection, "acme", who="ops")
    report = load(desk, T2, 0)
    assert (report.version, report.source_accounts) == (2, 0)


def test_a_first_load_without_accounts_is_refused_and_says_why(desk: Desk) -> None:
    count(desk, T1, ("type", "Client", 1), ("type", "Kunde", 1))
    with pytest.raises(LoadRefused, match="2 accounts do not count: type 'Client' 1, 'Kunde' 1") as caught:
        load(desk, T1, 0)
    assert "salesforce.account_types.customer" in caught.value.next_step


def test_marts_that_were_never_computed_are_no_reason_to_say_that_no_account_counts(desk: Desk) -> None:
    count(desk, T1, ("type", "Client", 1))
    with pytest.raises(LoadRefused, match="The marts hold nothing of customer 'acme'"):
        load(desk, T2, 0)
