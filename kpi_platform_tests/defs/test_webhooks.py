from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.defs.sensors import look_is_due

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
INTERVAL = timedelta(seconds=30)
seconds = st.integers(0, 3600).map(lambda count: timedelta(seconds=count))


@given(seconds, st.none() | seconds)
def test_a_webhook_hastens_the_look_and_its_absence_never_delays_it(
    since_look: timedelta, since_webhook: timedelta | None
) -> None:
    webhook_at = None if since_webhook is None else NOW - since_webhook
    due = look_is_due((NOW - since_look).isoformat(), webhook_at, NOW, INTERVAL)
    hastened = since_webhook is not None and since_webhook < since_look
    assert due == (since_look >= INTERVAL or hastened)


def test_the_first_look_is_at_once() -> None:
    assert look_is_due(None, None, NOW, INTERVAL)
