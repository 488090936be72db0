"""How long the resolution of an incident took, by the time basis in force."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from kpi_platform_tests.reference.incidents import Incident, ServiceNow
from kpi_platform_tests.reference.settings import Rules
from kpi_platform_tests.reference.sla import TaskSla
from kpi_platform_tests.reference.tables import Table
from kpi_platform_tests.reference.values import DAY, HOUR

TEN_YEARS = 87_660 * HOUR
_NEVER = -(2**63)


@dataclass(frozen=True)
class ResolutionTime:
    """`basis` is in force for the customer; `barrier` is why no account can have the KPI by it."""

    basis: str
    barrier: str | None
    task_slas: Mapping[str, tuple[TaskSla, ...]]

    @property
    def needs(self) -> tuple[str, ...]:
        """What of an incident must be readable beside R."""
        return {"calendar": ("opened_at",), "business": ("business",)}.get(self.basis, ())

    def microseconds(self, incident: Incident) -> Fraction | None:
        """Of an incident with R; None where it falls out."""
        return _measured(self.basis, incident, self.task_slas)

    def is_unreadable(self, incident: Incident) -> bool:
        """Of an incident with R, whether its length cannot be read: "More than 87,660 hours" """
        if self.basis == "calendar":
            assert incident.resolved_at is not None
            assert incident.opened_at is not None
            return incident.resolved_at - incident.opened_at > TEN_YEARS
        chosen = _chosen(self.task_slas.get(incident.sys_id, ())) if self.basis == "sla" else None
        return chosen is not None and "time" in chosen.unreadable


def read_resolution_time(
    tables: Mapping[str, Table],
    task_slas: Mapping[str, tuple[TaskSla, ...]],
    rules: Rules,
    servicenow: ServiceNow,
    as_of: int,
) -> ResolutionTime:
    """ "A named basis is used as it is: no task_sla: not_synced; no column: not_mapped." """
    table = tables.get("task_sla")
    columns = {
        "calendar": True,
        "business": servicenow.has("business_stc"),
        "sla": table is not None and table.has("business_duration"),
    }
    basis = rules.time_basis
    if basis == "auto":
        start = as_of - rules.window_days("resolution_time") * DAY
        resolved = [
            incident
            for incident in servicenow.incidents
            if incident.counts and incident.account is not None
            if incident.resolved_at is not None and start <= incident.resolved_at < as_of
        ]
        return ResolutionTime(_in_force(resolved, columns, task_slas), None, task_slas)
    if basis == "sla" and table is None:
        return ResolutionTime(basis, "not_synced", task_slas)
    return ResolutionTime(basis, None if columns[basis] else "not_mapped", task_slas)


def _in_force(
    resolved: list[Incident], columns: Mapping[str, bool], task_slas: Mapping[str, tuple[TaskSla, ...]]
) -> str:
    """ "a source is in force when 2·(incidents that have a readable value of it) ≥ all; none resolved:
    calendar." "the first of sla, business, calendar that is there" """
    for basis in ("sla", "business"):
        have = sum(_measured(basis, incident, task_slas) is not None for incident in resolved)
        if resolved and columns[basis] and 2 * have >= len(resolved):
            return basis
    return "calendar"


def _measured(
    basis: str, incident: Incident, task_slas: Mapping[str, tuple[TaskSla, ...]]
) -> Fraction | None:
    if basis == "business":
        seconds = incident.business_seconds
        return None if seconds is None or seconds <= 0 else seconds * 1_000_000
    if basis == "sla":
        chosen = _chosen(task_slas.get(incident.sys_id, ()))
        length = None if chosen is None else chosen.business_duration
        return None if length is None or length <= 0 else Fraction(length)
    assert incident.resolved_at is not None
    if incident.opened_at is None:
        return None
    length = incident.resolved_at - incident.opened_at
    return Fraction(length) if length >= 0 else None


def _chosen(slas: Iterable[TaskSla]) -> TaskSla | None:
    """ "Completed with end_time < as_of; the SLA is chosen first (start_time NULL last), then read: ≤ 0 or
    NULL is `no sla time`, no other SLA is tried." "greatest `start_time`, then sys_id" """
    completed = [sla for sla in slas if sla.completed and sla.ended is not None]
    return max(
        completed,
        key=lambda sla: (_NEVER if sla.started is None else sla.started, sla.sys_id),
        default=None,
    )
