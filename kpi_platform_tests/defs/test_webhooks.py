from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.defs.sensors import look_is_due
from kpi_platform.domain.fivetran_budget import CALLS_PER_HOUR

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
INTERVAL = timedelta(seconds=30)
seconds = st.integers(0, 3600).map(lambda count: timedelta(seconds=count))


@given(seconds, st.none() | seconds, st.sampled_from([100, 500, CALLS_PER_HOUR]))
def test_a_webhook_hastens_the_look_within_the_limit_of_calls_and_its_absence_never_delays_it(
    since_look: timedelta, since_webhook: timedelta | None, limit: int
) -> None:
    webhook_at = None if since_webhook is None else NOW - since_webhook
    due = look_is_due((NOW - since_look).isoformat(), webhook_at, NOW, INTERVAL, limit)
    hastened = since_webhook is not None and since_webhook < since_look
    affordable = since_look >= timedelta(hours=1) / (limit / 4)
    assert due == (affordable and (since_look >= INTERVAL or hastened))


def test_a_look_in_the_future_by_a_wrong_clock_ends_no_looking() -> None:
    ahead = (NOW + timedelta(days=300)).isoformat()
    assert look_is_due(ahead, None, NOW, INTERVAL, CALLS_PER_HOUR)


def test_the_first_look_is_at_once() -> None:
    assert look_is_due(None, None, NOW, INTERVAL, CALLS_PER_HOUR)
