"""News of runs since the last look."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from kpi_platform.configuration import Configuration
from kpi_platform.defs.instance import prepare_dagster_home
from kpi_platform.defs.partitions import CUSTOMERS_NAME
from kpi_platform.defs.run_history import failures
from kpi_platform.defs.runs import customers_of
from kpi_platform.domain.news import News

_TITLES = {"sync": "sync", "refresh": "refresh", "sync_and_refresh": "sync and refresh"}
_OVERLAP = timedelta(minutes=1)
"""A run is looked at again for so long: its row may be stored later than its time says."""
_BEGUN = dg.DagsterRunStatus.STARTED
_ENDED = {
    dg.DagsterRunStatus.SUCCESS: "is done",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "was cancelled",
}


class RunNews:
    """Runs of every process of the installation: the daemon's and those of `kpi-platform run`. Tells what
    happens to them from the start on."""

    def __init__(self, configuration: Configuration, instance: dg.DagsterInstance) -> None:
        self._configuration = configuration
        self._instance = instance
        self._started_at = self._looked_at = datetime.now(UTC)
        self._known: dict[str, dg.DagsterRunStatus] = {}

    @classmethod
    def of(cls, configuration: Configuration) -> "RunNews":
        return cls(configuration, dg.DagsterInstance.from_config(str(prepare_dagster_home(configuration))))

    def close(self) -> None:
        self._instance.dispose()

    def new(self) -> Iterator[News]:
        """Yields what has happened since the last call."""
        since, self._looked_at = self._looked_at - _OVERLAP, datetime.now(UTC)
        wanted = dg.RunsFilter(updated_after=since, statuses=[_BEGUN, *_ENDED])
        for record in reversed(self._instance.get_run_records(wanted)):
            run = record.dagster_run
            is_known = self._known.get(run.run_id) is run.status
            self._known[run.run_id] = run.status
            if not is_known and record.update_timestamp.replace(tzinfo=UTC) >= self._started_at:
                yield from self._of(record)

    def _of(self, record: dg.RunRecord) -> Iterator[News]:
        run = record.dagster_run
        title = _TITLES.get(run.job_name)
        if title is None:
            return
        partitions = self._instance.get_dynamic_partitions(CUSTOMERS_NAME)
        ended = _ENDED.get(run.status)
        is_done = run.status is dg.DagsterRunStatus.SUCCESS
        customers = customers_of(run.tags, partitions)
        has_failed = run.status is dg.DagsterRunStatus.FAILURE
        reasons = failures(self._instance, run.run_id, customers) if has_failed else {}
        for customer in sorted(customers):
            if ended is None:
                yield News(f"{title} begins", customer)
            elif is_done or (has_failed and customer not in reasons):
                yield News(f"{title} {_ENDED[dg.DagsterRunStatus.SUCCESS]}{_took(record)}", customer)
            else:
                reason = reasons.get(customer, "")
                detail = f"{reason} Its run: {self._configuration.run_url(run.run_id)}".strip()
                yield News(f"{title} {ended}{_took(record)}", customer, detail, is_bad=True)


def _took(record: dg.RunRecord) -> str:
    if record.start_time is None or record.end_time is None:
        return ""
    return f" after {record.end_time - record.start_time:.0f} s"
