"""SLAs on incidents: generated, but so that they agree with the log's `made_sla`."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from kpi_platform.local.samples.crm import Crm
from kpi_platform.local.samples.identifiers import sys_ids
from kpi_platform.local.samples.itsm_reference import Records
from kpi_platform.local.samples.noise import Integers, uniform
from kpi_platform.local.samples.source import (
    HOUR,
    NEVER,
    SourceChanges,
    Window,
    flags,
    integers,
    numbers,
    texts,
    timestamps,
)
from kpi_platform.local.samples.tickets import RESPONSE_TARGET_HOURS, TicketHistory, Tickets

_PRIORITIES = 4
_RESOLUTION, _RESPONSE = 0, 1


def task_slas(crm: Crm, tickets: Tickets, window: Window) -> SourceChanges:
    """Returns two SLAs on each incident, its resolution and its response."""
    parts, deleted = [], []
    for target in (_RESOLUTION, _RESPONSE):
        ids = sys_ids(f"{crm.seed}/task_sla {target}", tickets.log["incident_number"], tickets.repeat)
        deleted += ids[tickets.vanished].tolist()
        parts.append(_of_target(crm, tickets, target, window))
    return SourceChanges(pa.concat_tables(parts), deleted)


def _of_target(crm: Crm, tickets: Tickets, target: int, window: Window) -> pa.Table:
    priority = tickets.state["priority"]
    if target == _RESOLUTION:
        end, due = np.minimum(tickets.resolved, tickets.closed), tickets.due
    else:
        end = tickets.responded
        due = tickets.opened + RESPONSE_TARGET_HOURS[priority] * HOUR
    end = np.where(end < NEVER, np.maximum(end, tickets.opened), NEVER)
    cancelled = (
        uniform(f"{crm.seed}/sla cancelled {target}", tickets.log["incident_number"], tickets.repeat) < 0.01
    )
    done = end < NEVER
    breached = due < np.minimum(end, window.until)
    kept, written = window.written(tickets.opened, tickets.written, end, due)
    kept &= tickets.alive
    ended = np.where(done, end - tickets.opened, NEVER)
    elapsed = np.minimum(end, written) - tickets.opened
    columns = {
        "sys_id": texts(
            sys_ids(f"{crm.seed}/task_sla {target}", tickets.log["incident_number"], tickets.repeat)
        ),
        "task_value": texts(tickets.sys_id),
        "sla_value": texts(sys_ids(f"{crm.seed}/contract_sla", _definition(priority, target))),
        "stage": texts(np.select([cancelled & done, done], ["cancelled", "completed"], "in_progress")),
        "active": flags(~done),
        "has_breached": flags(breached),
        "start_time": timestamps(tickets.opened),
        "end_time": timestamps(end),
        "planned_end_time": timestamps(due),
        "original_breach_time": timestamps(due),
        "duration": timestamps(ended),
        "business_duration": timestamps(ended),
        "percentage": numbers(np.round(100 * elapsed / np.maximum(due - tickets.opened, HOUR // 60), 2)),
        "sys_created_on": timestamps(tickets.opened),
        "sys_updated_on": timestamps(written),
    }
    return pa.table(columns).filter(pa.array(kept))


def _definition(priority: Integers, target: Integers | int) -> Integers:
    return priority + _PRIORITIES * target


def _contract_slas(_: Crm, __: TicketHistory) -> tuple[Integers, dict[str, pa.Array]]:
    priority = np.tile(np.arange(1, _PRIORITIES + 1), 2)
    target = np.repeat([_RESOLUTION, _RESPONSE], _PRIORITIES)
    label = np.where(target == _RESOLUTION, "resolution", "response")
    return _definition(priority, target), {
        "name": texts([f"Priority {p} {text}" for p, text in zip(priority, label, strict=True)]),
        "target": texts(label),
        "type": texts(np.full(len(priority), "SLA", dtype=object)),
        "collection": texts(np.full(len(priority), "incident", dtype=object)),
        "active": flags(np.ones(len(priority), dtype=bool)),
        "sys_mod_count": integers(np.zeros(len(priority), dtype=np.int64)),
    }


CONTRACT_SLA: Mapping[str, Records] = {"contract_sla": Records("contract_sla", _contract_slas)}
