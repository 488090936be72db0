"""The weeks before the first load, by the sensor and on the command line, with real runs."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest

from kpi_platform.dashboard.past import get_past
from kpi_platform.dashboard.uploads import list_uploads
from kpi_platform.defs.batch import AS_OF_TAG, CUSTOMERS_TAG, STRICT_TAG
from kpi_platform.defs.past_runs import compute_past
from kpi_platform.defs.run import run_job
from kpi_platform.domain.past import weeks_before
from kpi_platform_tests.defs.installation import Installation, installed, tick

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("past")) as installation:
        yield installation


def test_the_sensor_asks_for_one_week_at_a_time_and_whoever_cannot_wait_computes_it_here(
    installation: Installation,
) -> None:
    installation.add("northwind", update={"history_weeks": 1})
    configuration, engine = installation.configuration, installation.engine
    assert isinstance(tick(installation, "requests"), dg.SkipReason)
    now = datetime.now(UTC)
    first = run_job(
        configuration, engine, ["northwind"], as_of=now, skip_sync=False, on_progress=lambda _: None
    )
    assert first.loaded == {"northwind": 1}
    [week] = weeks_before(now, 1)
    asked = tick(installation, "requests")
    assert isinstance(asked, dg.SensorResult)
    [request] = asked.run_requests or []
    assert (request.tags[AS_OF_TAG], request.tags[STRICT_TAG]) == (week.isoformat(), "true")
    assert (request.tags[CUSTOMERS_TAG], request.tags["dagster/priority"]) == ("northwind", "-10")
    # Nobody has started that run: the week waits again, and is computed here.
    [outcome] = compute_past(configuration, engine, ["northwind"], lambda _: None)
    assert outcome.loaded == {"northwind": 2}
    with engine.connect() as connection:
        newest, past, _ = list_uploads(connection, "northwind")
        assert (past.as_of, past.kpis_history_only > 0) == (week, True)
        # The marts hold the present again.
        assert newest.as_of > now
        stored = get_past(connection, "northwind")
    assert stored and dict(stored.weeks) == {"loaded": 1}
    assert isinstance(tick(installation, "requests"), dg.SkipReason)
    assert compute_past(configuration, engine, ["northwind"], lambda _: None) == []
