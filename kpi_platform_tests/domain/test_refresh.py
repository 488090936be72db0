"""Exactly one refresh for every finished sync, and one for two that end together."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.refresh import SETTLE, refresh_inputs, refresh_is_due
from kpi_platform.domain.settings import CustomerSettings, parse_settings
from kpi_platform.domain.sources import Source
from kpi_platform.domain.sync_ends import SyncEnds

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOTH = parse_settings({"salesforce": {"connection_id": "sf"}, "servicenow": {"connection_id": "sn"}})
SKIPS = parse_settings({"error_handling": {"on_sync_failure": "skip"}})


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_the_inputs_are_the_newest_successes_of_the_sources_that_the_customer_has() -> None:
    ends: dict[Source, SyncEnds] = {
        "salesforce": SyncEnds(NOON, NOON + minutes(5)),
        "servicenow": SyncEnds(NOON),
    }
    assert refresh_inputs(BOTH, ends) == {"salesforce": NOON, "servicenow": NOON}
    without = parse_settings({"servicenow": {"enabled": False}})
    assert refresh_inputs(without, ends) == {"salesforce": NOON}


def test_a_failure_counts_only_where_the_settings_say_skip() -> None:
    ends: dict[Source, SyncEnds] = {"salesforce": SyncEnds(NOON, NOON + minutes(5))}
    assert refresh_inputs(BOTH, ends) == {"salesforce": NOON}
    assert refresh_inputs(SKIPS, ends) == {"salesforce": NOON + minutes(5)}
    never: dict[Source, SyncEnds] = {"salesforce": SyncEnds(None, NOON)}
    assert refresh_inputs(BOTH, never) == {}
    assert refresh_inputs(SKIPS, never) == {"salesforce": NOON}


def test_one_source_waits_a_minute_for_the_other() -> None:
    used: dict[Source, datetime] = {"salesforce": NOON, "servicenow": NOON}
    new: dict[Source, datetime] = {"salesforce": NOON + minutes(10), "servicenow": NOON}
    assert not refresh_is_due(BOTH, new, used, NOON + minutes(10.5))
    assert refresh_is_due(BOTH, new, used, NOON + minutes(11))


def test_both_sources_need_no_wait() -> None:
    new: dict[Source, datetime] = {"salesforce": NOON, "servicenow": NOON + minutes(0.5)}
    assert refresh_is_due(BOTH, new, {}, NOON + minutes(0.5))


def test_a_customer_with_one_source_needs_no_wait() -> None:
    alone = parse_settings({"salesforce": {"connection_id": "sf"}, "servicenow": {"enabled": False}})
    assert refresh_is_due(alone, {"salesforce": NOON}, {}, NOON)


def test_a_sync_that_ended_in_the_future_by_a_wrong_clock_is_refreshed_at_once() -> None:
    new: dict[Source, datetime] = {"salesforce": NOON + timedelta(days=300), "servicenow": NOON}
    used: dict[Source, datetime] = {"servicenow": NOON}
    assert refresh_is_due(BOTH, new, used, NOON)
    assert not refresh_is_due(BOTH, new, new, NOON)


ENDS = st.lists(st.integers(0, 600), max_size=8)
SETTINGS = st.sampled_from([BOTH, CustomerSettings(), SKIPS])


@given(settings=SETTINGS, salesforce=ENDS, servicenow=ENDS)
def test_whatever_ends_when_every_sync_is_taken_in_and_none_twice(
    settings: CustomerSettings, salesforce: list[int], servicenow: list[int]
) -> None:
    """Second by second: a refresh that is due starts at once and takes in all there is."""
    used: dict[Source, datetime] = {}
    ended: dict[Source, datetime] = {}
    refreshes: list[dict[Source, datetime]] = []
    for second in range(600 + 2 * int(SETTLE.total_seconds())):
        now = NOON + timedelta(seconds=second)
        if second in salesforce:
            ended["salesforce"] = now
        if second in servicenow:
            ended["servicenow"] = now
        if refresh_is_due(settings, ended, used, now):
            used = dict(ended)
            refreshes.append(used)
    assert used == ended
    assert all(before != after for before, after in pairwise(refreshes))
    assert len(refreshes) <= len({*salesforce}) + len({*servicenow})
