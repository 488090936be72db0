"""SLA compliance and SLA breaches, from whichever source is in force."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from kpi_platform_tests.reference.incidents import Incident, ServiceNow
from kpi_platform_tests.reference.latest_row import latest_rows, unreadable_flag
from kpi_platform_tests.reference.settings import Rules
from kpi_platform_tests.reference.tables import Row, Table
from kpi_platform_tests.reference.values import HOUR, choice, flag, instant, moment, text, unreadable

Source = Literal["task_sla", "sla_due", "made_sla"]
_CANCELLED = frozenset({"canceled", "cancelled"})


@dataclass(frozen=True)
class TaskSla:
    """One non-cancelled resolution SLA of an incident. `ended` is None where it had not ended at as_of.
    `unreadable` names what is there and cannot be read; that is None."""

    unreadable: frozenset[str]
    completed: bool
    has_breached: bool
    planned_end: int | None
    landed_end: int | None
    ended: int | None
    started: int | None
    sys_id: str
    business_duration: int | None


@dataclass(frozen=True)
class Sla:
    """`source` is what decides, None where nothing does and `barrier` or `no_data` says why."""

    source: Source | None
    barrier: str | None
    task_slas: Mapping[str, tuple[TaskSla, ...]]
    by_ticket: bool
    as_of: int

    def decisions(self, incident: Incident, start: int, end: int) -> tuple[list[bool], int]:
        """True for every SLA of a counting incident that was met in `[start, end)`, False for every breach;
        and how many cannot be read."""

        def within(moment: int | None) -> bool:
            return moment is not None and start <= moment < end

        doubtful = "flag" in incident.unreadable
        if self.source == "task_sla" and self.by_ticket:
            mine = self.task_slas.get(incident.sys_id, ())
            # "A ticket one of whose SLAs that are looked at cannot be read … is u, whatever the window."
            if any(map(_is_unreadable, mine)):
                return [], 1
            outcome = ticket_decision(mine, self.as_of)
            if outcome is None or not within(outcome[1]):
                return [], 0
            return ([], 1) if doubtful else ([outcome[0]], 0)
        found: list[bool] = []
        u = 0
        for met, decided, cannot in self._looked_at(incident):
            if decided is None:
                u += cannot
            elif within(decided):
                if cannot or doubtful:
                    u += 1
                else:
                    found.append(met)
        return found, u

    def _looked_at(self, incident: Incident) -> Iterable[tuple[bool, int | None, bool]]:
        """Met, decided when, and whether that cannot be read; without a time it is u or nothing."""
        if self.source == "task_sla":
            for sla in self.task_slas.get(incident.sys_id, ()):
                yield _task_sla_decision(sla)
        elif self.source == "sla_due":
            undecided = incident.sla_due is not None and "resolved_at" in incident.unreadable
            if undecided or "sla_due" in incident.unreadable:
                yield False, None, True
            else:
                yield from (
                    (met, decided, False) for met, decided in _sla_due_decisions(incident, self.as_of)
                )
        elif self.source == "made_sla" and (
            incident.made_sla is not None or "made_sla" in incident.unreadable
        ):
            if "resolved_at" in incident.unreadable:
                yield False, None, True
            else:
                cannot = "made_sla" in incident.unreadable and incident.resolved_at is not None
                yield bool(incident.made_sla), incident.resolved_at, cannot

    def has_sla(self, incident: Incident) -> bool:
        """ "task_sla: with a non-cancelled SLA that kpis.md counts; sla_due, made_sla: not NULL." """
        if self.source == "task_sla":
            return bool(self.task_slas.get(incident.sys_id))
        return (incident.sla_due if self.source == "sla_due" else incident.made_sla) is not None

    def breach(self, incident: Incident) -> tuple[bool, int | None]:
        """Whether the incident breached its SLA by as_of, and for how many microseconds."""
        if self.source == "task_sla":
            # "a non-cancelled SLA with `has_breached` and `planned_end_time < as_of`"; "several: the longest"
            lengths = [
                (self.as_of if sla.ended is None else sla.ended) - sla.planned_end
                for sla in self.task_slas.get(incident.sys_id, ())
                if sla.has_breached
                and sla.planned_end is not None
                and sla.planned_end < self.as_of
                # "all columns of servicenow_sla_breaches … stand as counted from what can be read"
                and not sla.unreadable & {"end", "breach"}
            ]
            return bool(lengths), max(lengths, default=None)
        if self.source == "sla_due":
            due, resolved = incident.sla_due, incident.resolved_at
            if "resolved_at" in incident.unreadable:
                return False, None
            if due is None or due >= self.as_of or (resolved is not None and resolved <= due):
                return False, None
            return True, (self.as_of if resolved is None else resolved) - due
        return incident.resolved_at is not None and incident.made_sla is False, None


def _task_sla_decision(sla: TaskSla) -> tuple[bool, int | None, bool]:
    """ "ended in it (`end_time`, stage `completed`) → met unless `has_breached`; or breached in it while
    still running (`planned_end_time` in the window, `has_breached`)"; "Running: not cancelled,
    `end_time` NULL or at or after `as_of`. Completed without `end_time` does not count."; u: "task_sla: stage
    completed end_time, else planned_end_time, + has_breached" """
    doubtful = bool(sla.unreadable & {"breach", "flag"})
    if sla.completed and "end" in sla.unreadable:
        return False, None, True
    if sla.ended is not None:
        return not sla.has_breached, sla.ended if sla.completed else None, doubtful and sla.completed
    may_have_breached = sla.has_breached or "breach" in sla.unreadable
    if not may_have_breached or (sla.completed and sla.landed_end is None):
        return False, None, False
    if "due" in sla.unreadable:
        return False, None, True
    # Whether one runs whose end cannot be read is not known.
    return False, sla.planned_end, sla.planned_end is not None and (doubtful or "end" in sla.unreadable)


def _is_unreadable(sla: TaskSla) -> bool:
    """ "(end_time, has_breached, planned_end_time of a breached one)" """
    running = sla.ended is None and not (sla.completed and sla.landed_end is None)
    if "end" in sla.unreadable:
        return True
    if not running and not (sla.completed and sla.ended is not None):
        return False
    late = (sla.has_breached or "breach" in sla.unreadable) and "due" in sla.unreadable
    return late or bool(sla.unreadable & {"breach", "flag"})


def ticket_decision(slas: Iterable[TaskSla], as_of: int) -> tuple[bool, int] | None:
    """Whether the ticket met its SLAs, and when that was decided. "a completed SLA (`end_time` < as_of) with
    has_breached is breached at the earlier of planned_end_time and end_time; a running one with has_breached
    at planned_end_time if that is before as_of. Cancelled SLAs, and such that ended without being completed
    or are completed without end_time, are not looked at. Met: at least one SLA is left, all are completed and
    none breached"; "decided at its earliest breach", "decided at the last end"."""
    breaches: list[int] = []
    ends: list[int] = []
    running = 0
    for sla in slas:
        if sla.completed and sla.ended is not None:
            ends.append(sla.ended)
            if sla.has_breached:
                due = sla.planned_end
                breaches.append(sla.ended if due is None or due > sla.ended else due)
        elif sla.ended is None and not (sla.completed and sla.landed_end is None):
            running += 1
            if sla.has_breached and sla.planned_end is not None and sla.planned_end < as_of:
                breaches.append(sla.planned_end)
    if breaches:
        return False, min(breaches)
    return (True, max(ends)) if ends and not running else None


def _sla_due_decisions(incident: Incident, as_of: int) -> Iterable[tuple[bool, int]]:
    """ "Met if R ≤ sla_due, decided at R; breached if R > sla_due, or R is null and `sla_due < as_of`,
    decided at `sla_due`." """
    due, resolved = incident.sla_due, incident.resolved_at
    if due is None:
        return
    if resolved is not None and resolved <= due:
        yield True, resolved
    elif resolved is not None or due < as_of:
        yield False, due


def read_sla(tables: Mapping[str, Table], rules: Rules, servicenow: ServiceNow, as_of: int) -> Sla:
    """The source in force. "`auto` takes, per customer, the first that is there"; "None: `no_data` if the
    table or a column exists, else `not_mapped`."; "A source that the settings name is used as it is (no
    table: `not_synced`; no column: `not_mapped`)" """
    table = tables.get("task_sla")
    rows = latest_rows(table, "sys_id", text)
    slas = _task_slas(rows, tables.get("contract_sla"), as_of)
    chosen, incidents = rules.sla_source, servicenow.incidents
    exists: dict[Source, bool] = {
        "task_sla": table is not None,
        "sla_due": servicenow.has("sla_due"),
        "made_sla": servicenow.has("made_sla"),
    }
    there: dict[Source, bool] = {
        "task_sla": bool(rows),
        "sla_due": any(one.sla_due is not None or "sla_due" in one.unreadable for one in incidents),
        "made_sla": any(one.made_sla is not None or "made_sla" in one.unreadable for one in incidents),
    }
    for source in exists:
        if chosen == source:
            missing = "not_synced" if source == "task_sla" else "not_mapped"
            return Sla(source, None if exists[source] else missing, slas, rules.sla_by_ticket, as_of)
    for source, is_there in there.items():
        if is_there:
            return Sla(source, None, slas, rules.sla_by_ticket, as_of)
    return Sla(None, None if any(exists.values()) else "not_mapped", slas, rules.sla_by_ticket, as_of)


def _task_slas(rows: Mapping[str, Row], contract: Table | None, as_of: int) -> dict[str, tuple[TaskSla, ...]]:
    """ "Every SLA of a counting incident counts; where `contract_sla` is synced, only those with target
    resolution and type SLA." "Cancelled ones do not count." """
    definitions = latest_rows(contract, "sys_id", text)
    found: dict[str, list[TaskSla]] = defaultdict(list)
    for row in rows.values():
        task, stage = text(row["task_value"]), choice(row["stage"])
        if task is None or stage in _CANCELLED:
            continue
        if contract is not None and not _is_resolution_sla(
            contract, definitions.get(text(row["sla_value"]) or "")
        ):
            continue
        end = instant(row["end_time"])
        cells = {
            "end": unreadable(instant, row["end_time"]),
            "due": unreadable(instant, row["planned_end_time"]),
            "breach": unreadable(flag, row["has_breached"]),
            "flag": unreadable_flag(row),
            "time": unreadable(_duration, row["business_duration"]),
        }
        found[task].append(
            TaskSla(
                unreadable=frozenset(name for name, cannot in cells.items() if cannot),
                completed=stage == "completed",
                has_breached=bool(flag(row["has_breached"])),
                planned_end=instant(row["planned_end_time"]),
                landed_end=end,
                ended=end if end is not None and end < as_of else None,
                started=instant(row["start_time"]),
                sys_id=str(row["sys_id"]),
                business_duration=_duration(row["business_duration"]),
            )
        )
    return {task: tuple(slas) for task, slas in found.items()}


def _duration(value: object) -> int | None:
    """ "read as a duration since 1970-01-01"; "More than 87,660 hours of … business_duration is unreadable";
    "Durations are no times" """
    length = moment(value)
    return length if length is not None and length <= 87_660 * HOUR else None


def _is_resolution_sla(contract: Table, definition: Row | None) -> bool:
    return definition is not None and all(
        choice(definition[column]) == wanted
        for column, wanted in (("target", "resolution"), ("type", "sla"))
        if contract.has(column)
    )
