"""The ServiceNow of a sample customer as a source: its tickets as class tables, or as one flat table."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from kpi_platform.local.samples.crm import Crm
from kpi_platform.local.samples.identifiers import Texts, sys_ids
from kpi_platform.local.samples.itsm_reference import (
    REFERENCE_TABLES,
    Records,
    company_ids,
    reference,
    user_ids,
)
from kpi_platform.local.samples.itsm_slas import CONTRACT_SLA, task_slas
from kpi_platform.local.samples.noise import Integers, pick, uniform
from kpi_platform.local.samples.profiles import Profile
from kpi_platform.local.samples.source import (
    NEVER,
    SECOND,
    SourceChanges,
    Window,
    constant,
    flags,
    integers,
    numbers,
    texts,
    timestamps,
)
from kpi_platform.local.samples.tickets import TicketHistory, Tickets

Columns = dict[str, pa.Array]


class ServiceNowSample:
    """Rows that are deleted vanish, and are reported as such: ServiceNow keeps an audit of deletions."""

    def __init__(self, profile: Profile, day: int) -> None:
        self._profile = profile
        self._crm = Crm(profile, day)
        self._history = TicketHistory(self._crm)
        self._replayed: tuple[Window, Tickets] | None = None
        self._tables: Mapping[str, Callable[[Window], SourceChanges]] = {
            "task": self._task,
            "incident": self._incident,
            "task_sla": self._task_sla,
            **{
                table: self._records(records)
                for table, records in {**REFERENCE_TABLES, **CONTRACT_SLA}.items()
            },
        }

    @property
    def tables(self) -> Mapping[str, str]:
        return {table: "sys_id" for table in self._tables if table not in self._profile.missing}

    def changes(self, table: str, window: Window) -> SourceChanges:
        return self._tables[table](window)

    def _tickets(self, window: Window) -> Tickets:
        replayed = self._replayed
        if replayed is None or replayed[0] != window:
            replayed = window, self._history.tickets(window)
            self._replayed = replayed
        return replayed[1]

    def _task(self, window: Window) -> SourceChanges:
        """The columns that incidents, problems and changes share."""
        tickets = self._tickets(window)
        fresh = tickets.select(tickets.fresh)
        parts = [pa.table(_sys_columns(fresh) | _task_columns(self._crm, fresh))]
        for table in ("problem", "change_request"):
            parts.append(reference(REFERENCE_TABLES[table], self._crm, self._history, window, as_task=True))
        rows = pa.concat_tables(parts, promote_options="default")
        return SourceChanges(rows, tickets.sys_id[tickets.vanished].tolist())

    def _incident(self, window: Window) -> SourceChanges:
        tickets = self._tickets(window)
        fresh = tickets.select(tickets.fresh)
        columns = _sys_columns(fresh) | _incident_columns(self._crm, fresh)
        if self._profile.layout == "inherited":
            columns |= _task_columns(self._crm, fresh)
        return SourceChanges(pa.table(columns), tickets.sys_id[tickets.vanished].tolist())

    def _task_sla(self, window: Window) -> SourceChanges:
        return task_slas(self._crm, self._tickets(window), window)

    def _records(self, records: Records) -> Callable[[Window], SourceChanges]:
        return lambda window: SourceChanges(reference(records, self._crm, self._history, window))


def _sys_columns(tickets: Tickets) -> Columns:
    return {
        "sys_id": texts(tickets.sys_id),
        "sys_created_on": timestamps(tickets.opened),
        "sys_updated_on": timestamps(tickets.written),
    }


def link(crm: Crm, name: str, table: str, ids: Texts) -> Columns:
    """Returns a reference as Fivetran lands it: the sys_id, and the address of the record."""
    address = f"https://{crm.seed.replace('_', '-')}.service-now.example/api/now/table/{table}/"
    return {
        f"{name}_value": texts(ids),
        f"{name}_link": texts([None if value is None else address + value for value in ids]),
    }


def _user(tickets: Tickets, role: str) -> Texts:
    return user_ids(tickets.seed, role, tickets.log[role])


def _task_columns(crm: Crm, tickets: Tickets) -> Columns:
    log, state = tickets.log, tickets.state
    n, closed = len(tickets.account), tickets.closed < NEVER
    overdue = uniform(f"{crm.seed}/escalation", log["incident_number"], tickets.repeat)
    columns = {
        "number": texts(tickets.numbers),
        "sys_class_name": constant("incident", n),
        "opened_at": timestamps(tickets.opened),
        "closed_at": timestamps(tickets.closed),
        "priority": integers(state["priority"]),
        "impact": integers(log["impact"]),
        "urgency": integers(log["urgency"]),
        "state": integers(state["state"]),
        "active": flags(state["state"] != 7),
        "escalation": integers(np.where(tickets.made_sla, 0, (overdue * 4).astype(np.int64))),
        "made_sla": flags(tickets.made_sla),
        "sla_due": timestamps(tickets.due if crm.profile.has_sla_due else np.full(n, NEVER)),
        "reassignment_count": integers(state["reassignment_count"]),
        "sys_mod_count": integers(state["sys_mod_count"]),
        "contact_type": texts(np.where(log["self_service"] > 0, "self-service", "phone")),
        "short_description": texts([f"Issue of category {code}" for code in log["category"]]),
        "calendar_duration": timestamps(np.where(closed, tickets.closed - tickets.opened, NEVER)),
    }  # fmt: skip
    columns |= link(crm, "company", "core_company", company_ids(crm, tickets.account))
    columns |= link(crm, "opened_by", "sys_user", _user(tickets, "opened_by"))
    columns |= link(crm, "assigned_to", "sys_user", _user(tickets, "assigned_to"))
    columns |= link(crm, "assignment_group", "sys_user_group", _coded(crm, "group", log["assignment_group"]))
    columns |= link(crm, "cmdb_ci", "cmdb_ci", _coded(crm, "cmdb_ci", log["cmdb_ci"]))
    return columns | link(crm, "location", "cmn_location", _coded(crm, "location", log["location"]))


def _incident_columns(crm: Crm, tickets: Tickets) -> Columns:
    log, state = tickets.log, tickets.state
    at = log["incident_number"], tickets.repeat
    lasted = np.where(tickets.resolved < NEVER, (tickets.resolved - tickets.opened) // SECOND, 0)
    columns = {
        "incident_state": integers(state["state"]),
        "category": texts([f"category {code}" if code >= 0 else None for code in log["category"]]),
        "subcategory": texts([f"subcategory {code}" if code >= 0 else None for code in log["subcategory"]]),
        "severity": integers(
            pick((3, 2, 1), f"{crm.seed}/severity", *at, weights=(18, 1, 1)).astype(np.int64)
        ),
        "reopen_count": integers(state["reopen_count"]),
        "reopened_time": timestamps(tickets.reopened),
        "resolved_at": timestamps(tickets.resolved),
        "close_code": texts(
            [f"code {code}" for code in log["closed_code"]],
            (log["closed_code"] < 0) | (tickets.closed == NEVER),
        ),
        "calendar_stc": integers(lasted, tickets.resolved == NEVER),
        "notify": integers(np.ones(len(lasted), dtype=np.int64)),
        "u_first_responded_at": timestamps(tickets.responded),
        "u_customer_account_name": texts([crm.companies[i].name for i in tickets.account]),
    }
    if "u_satisfaction_rating" not in crm.profile.missing:
        columns["u_satisfaction_rating"] = numbers(tickets.ratings, tickets.rated == NEVER)
    columns |= link(crm, "caller_id", "sys_user", _user(tickets, "caller_id"))
    solvers = np.where(tickets.resolved < NEVER, _user(tickets, "resolved_by"), None)  # type: ignore[call-overload]
    columns |= link(crm, "resolved_by", "sys_user", solvers)
    columns |= link(crm, "problem_id", "problem", _coded(crm, "problem_id", log["problem_id"]))
    columns |= link(crm, "rfc", "change_request", _coded(crm, "rfc", log["rfc"]))
    columns |= link(crm, "parent_incident", "incident", np.full(len(lasted), None, dtype=object))
    accounts = _account_ids(crm, tickets)
    if crm.profile.account_reference:
        return columns | link(crm, "u_customer_account_id", "u_customer_account", accounts)
    return columns | {"u_customer_account_id": texts(accounts)}


def _account_ids(crm: Crm, tickets: Tickets) -> Texts:
    """The Salesforce id that somebody typed: for every fifth account the short form, now and then nothing."""
    full = crm.account_ids[tickets.account]
    ids = np.where(tickets.account % 5 == 4, [value[:15] for value in full], full)
    blank = uniform(f"{crm.seed}/no account", tickets.log["incident_number"], tickets.repeat) < 0.07
    ids = ids.astype(object)
    ids[blank] = None
    return ids


def _coded(crm: Crm, table: str, codes: Integers) -> Texts:
    ids = sys_ids(f"{crm.seed}/{table}", codes)
    ids[codes < 0] = None
    return ids
