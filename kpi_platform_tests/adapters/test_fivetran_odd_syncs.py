"""Syncs that end in other ways than well or badly, against a server that answers as Fivetran was seen to."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kpi_platform.adapters import fivetran_sync
from kpi_platform.adapters.fivetran import FivetranApi
from kpi_platform.adapters.fivetran_connection import Connection
from kpi_platform.adapters.fivetran_sync import run_sync
from kpi_platform.domain.errors import SyncFailed
from kpi_platform_tests.adapters.scripted_server import Answer, ScriptedServer, scripted

EARLIER, LATER = "2026-03-01T06:00:00Z", "2026-03-01T07:00:00Z"
ASKED = Answer(body={"code": "Success", "message": "Sync has been triggered"})


def state(sync_state: str = "scheduled", **changed: Any) -> Answer:
    """A connection as Fivetran describes it; `changed` are its fields and those of its status."""
    fields = {"succeeded_at": EARLIER, "failed_at": None, "schedule_type": "manual", "paused": False}
    status: dict[str, Any] = {
        "setup_state": "connected",
        "sync_state": sync_state,
        "is_historical_sync": False,
    }
    for name, value in changed.items():
        (fields if name in fields else status)[name] = value
    data = {"id": "crm", "service": "salesforce", "group_id": "g", "schema": "s", **fields, "status": status}
    return Answer(body={"code": "Success", "data": data})


@contextmanager
def served(*answers: Answer) -> Iterator[tuple[FivetranApi, ScriptedServer]]:
    with scripted(*answers) as server, FivetranApi(server.url, "key", "secret") as api:
        yield api, server


def synced(api: FivetranApi, **options: Any) -> Connection:
    return run_sync(api, "crm", **{"poll_seconds": 0.01, "timeout_seconds": 20, **options})


def asked(server: ScriptedServer) -> int:
    return sum(method == "POST" for method, _, _ in server.requests)


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def test_a_broken_connection_is_synced_and_mended_by_the_sync_that_goes_through() -> None:
    broken = state(setup_state="broken", failed_at=EARLIER, succeeded_at=None)
    running = state("syncing", setup_state="broken", failed_at=EARLIER, succeeded_at=None)
    with served(broken, ASKED, running, state(succeeded_at=LATER, failed_at=EARLIER)) as (api, server):
        assert synced(api).last_sync_succeeded
    assert asked(server) == 1


def test_a_broken_connection_whose_sync_fails_again_may_be_tried_again() -> None:
    broken = {"setup_state": "broken", "tasks": [{"code": "reconnect", "message": "Sign in anew"}]}
    with (
        served(state(**broken), ASKED, state("syncing", **broken), state(failed_at=LATER, **broken)) as (
            api,
            _,
        ),
        pytest.raises(SyncFailed, match="Sign in anew") as raised,
    ):
        synced(api)
    assert raised.value.details["retry"] is True


def test_a_connection_that_is_not_set_up_yet_is_not_asked_for_a_sync() -> None:
    with (
        served(state(setup_state="incomplete")) as (api, server),
        pytest.raises(SyncFailed, match="not set up yet"),
    ):
        synced(api)
    assert asked(server) == 0


def test_a_cancelled_sync_is_noticed_within_three_polls_and_may_be_tried_again() -> None:
    with (
        served(state(), ASKED, state("syncing"), state()) as (api, server),
        pytest.raises(SyncFailed, match="was cancelled in Fivetran") as raised,
    ):
        synced(api)
    assert raised.value.details["retry"] is True
    assert len(server.requests) == 3 + fivetran_sync.POLLS_UNTIL_CANCELLED


def test_an_end_that_is_shown_a_poll_late_is_no_cancelled_sync() -> None:
    with served(state(), ASKED, state("syncing"), state(), state(), state(succeeded_at=LATER)) as (api, _):
        assert synced(api).last_sync_succeeded


def test_a_sync_that_waits_for_its_turn_is_not_taken_for_cancelled() -> None:
    waits = [state()] * 6
    with served(state(), ASKED, *waits, state("syncing"), state(succeeded_at=LATER)) as (api, _):
        assert synced(api).last_sync_succeeded


def test_a_sync_that_was_cancelled_before_it_was_seen_to_run_is_asked_for_again() -> None:
    unseen = [state()] * fivetran_sync.POLLS_UNTIL_ASKED_AGAIN
    ended = state("syncing"), state(succeeded_at=LATER)
    with served(state(), ASKED, *unseen, ASKED, *ended) as (api, server):
        assert synced(api).last_sync_succeeded
    assert asked(server) == 2


def test_a_manual_connection_that_was_put_off_is_asked_for_again_when_its_time_has_come() -> None:
    soon = state("rescheduled", rescheduled_for=in_seconds(0.3))
    with served(state(), ASKED, state("syncing"), soon) as (api, server):
        server.answers += [soon] * 200

        def ask() -> None:
            api.sync("crm")
            if asked(server) > 1:
                server.answers[:] = [state("syncing"), state(succeeded_at=LATER)]

        began = time.monotonic()
        assert synced(api, start=ask).last_sync_succeeded
    assert asked(server) == 2
    assert time.monotonic() - began >= 0.3


def test_a_connection_with_a_schedule_of_its_own_is_not_asked_for_again() -> None:
    past = state("rescheduled", rescheduled_for=in_seconds(0.05), schedule_type="auto")
    after = [past] * 8 + [state("syncing", schedule_type="auto"), state(succeeded_at=LATER)]
    with served(state(schedule_type="auto"), ASKED, *after) as (api, server):
        assert synced(api).last_sync_succeeded
    assert asked(server) == 1


@pytest.mark.parametrize(
    ("schedule", "who"), [("manual", "The platform asks again"), ("auto", "Fivetran syncs")]
)
def test_a_sync_that_is_put_off_beyond_what_a_run_waits_says_when_and_who_comes_back(
    schedule: str, who: str
) -> None:
    later = state("rescheduled", rescheduled_for=in_seconds(3600), schedule_type=schedule)
    with served(later) as (api, server), pytest.raises(SyncFailed) as raised:
        synced(api)
    assert asked(server) == 0
    assert who in str(raised.value)
    assert raised.value.details["goes_on"]
    assert ("put_off_until" in raised.value.details) is (schedule == "manual")


def test_a_first_sync_is_polled_slowly_and_is_no_failure_while_it_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fivetran_sync, "FIRST_SYNC_PATIENCE", 0.6)
    first = state("syncing", is_historical_sync=True, succeeded_at=None)
    never = state(is_historical_sync=True, succeeded_at=None)
    with served(never, ASKED, first) as (api, server), pytest.raises(SyncFailed) as raised:
        synced(api, poll_seconds=0.05)
    assert raised.value.details["goes_on"] is True
    assert len(server.requests) <= 3 + 0.6 / (0.05 * 2)


AHEAD = "2999-03-01T06:00:00Z"


def test_a_success_in_the_future_hides_no_later_sync() -> None:
    with served(state(succeeded_at=AHEAD), ASKED, state(succeeded_at=LATER)) as (api, server):
        began = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
        assert synced(api, since=began).succeeded_at == datetime(2026, 3, 1, 7, tzinfo=UTC)
    assert asked(server) == 1


def test_a_poll_that_says_nothing_of_the_state_ends_no_wait() -> None:
    silent = Answer(body={"data": {"id": "crm", "service": "salesforce", "status": None}})
    silence = [silent] * (fivetran_sync.POLLS_UNTIL_CANCELLED + 1)
    with served(state(), ASKED, state("syncing"), *silence, state(succeeded_at=LATER)) as (api, _):
        assert synced(api).last_sync_succeeded


@pytest.mark.parametrize("time", [None, "soon"])
@pytest.mark.parametrize("before", [[], [state("syncing")]])
def test_a_sync_that_is_put_off_without_a_time_is_said_and_not_waited_for(
    time: str | None, before: list[Answer]
) -> None:
    off = state("rescheduled", rescheduled_for=time)
    with (
        served(state(), ASKED, *before, off) as (api, server),
        pytest.raises(SyncFailed, match="does not say until when") as raised,
    ):
        synced(api)
    assert raised.value.details["retry"] is True
    assert asked(server) == 1


def test_a_clock_that_is_put_back_makes_no_run_wait_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    class PutBack(datetime):
        """Says a day less with each call."""

        days = 0

        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            cls.days += 1
            return datetime.now(tz) - timedelta(days=cls.days)

    monkeypatch.setattr(fivetran_sync, "datetime", PutBack)
    with (
        served(state(), ASKED, state("syncing")) as (api, _),
        pytest.raises(SyncFailed, match="did not end its sync"),
    ):
        synced(api, timeout_seconds=0.3)


def test_a_sync_that_is_put_off_to_the_past_again_and_again_is_not_asked_for_at_each_poll() -> None:
    polls = 2 * fivetran_sync.POLLS_UNTIL_ASKED_AGAIN
    past = [state("rescheduled", rescheduled_for=in_seconds(-3600 + number)) for number in range(4 * polls)]
    with (
        served(state(), ASKED, *past) as (api, server),
        pytest.raises(SyncFailed, match="did not end its sync"),
    ):
        synced(api, timeout_seconds=1)
    gets = sum(method == "GET" for method, _, _ in server.requests)
    assert asked(server) <= 2 + gets / fivetran_sync.POLLS_UNTIL_ASKED_AGAIN
