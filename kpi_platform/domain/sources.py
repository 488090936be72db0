"""The two sources and the tables that Fivetran lands from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kpi_platform.domain.kpis import Source

SOURCES: tuple[Source, ...] = ("salesforce", "servicenow")


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A landed table. `switch` names its setting in `sync_objects` or `sync_tables`; without one the table is
    used wherever it is synced."""

    source: Source
    name: str
    primary_key: str
    switch: str | None
    description: str


_TABLES = (
    SourceTable("salesforce", "account", "id", "accounts", "Client companies."),
    SourceTable("salesforce", "opportunity", "id", "opportunities", "Deals, won, lost and open."),
    SourceTable("salesforce", "contact", "id", "contacts", "People at the client companies."),
    SourceTable("salesforce", "case", "id", "cases", "Customer cases with their ratings."),
    SourceTable("salesforce", "task", "id", "tasks", "Calls, e-mails and other to-dos."),
    SourceTable("salesforce", "user", "id", "users", "Salesforce users; the owners of accounts."),
    SourceTable("salesforce", "event", "id", None, "Meetings in the calendar."),
    SourceTable("servicenow", "incident", "sys_id", "incidents", "Tickets."),
    SourceTable("servicenow", "task", "sys_id", "tasks", "What all task classes have in common."),
    SourceTable("servicenow", "problem", "sys_id", "problems", "Causes behind incidents."),
    SourceTable("servicenow", "change_request", "sys_id", "change_requests", "Changes."),
    SourceTable("servicenow", "cmdb_ci", "sys_id", "configuration_items", "Configuration items."),
    SourceTable("servicenow", "sys_user", "sys_id", "users", "ServiceNow users."),
    SourceTable("servicenow", "task_sla", "sys_id", None, "SLAs that run on tasks."),
    SourceTable("servicenow", "contract_sla", "sys_id", None, "Definitions of SLAs."),
    SourceTable("servicenow", "core_company", "sys_id", None, "Companies of callers and assets."),
    SourceTable("servicenow", "sys_choice", "sys_id", None, "Labels of choice fields."),
)

SOURCE_TABLES: Mapping[Source, tuple[SourceTable, ...]] = MappingProxyType(
    {source: tuple(table for table in _TABLES if table.source == source) for source in SOURCES}
)
"""Every table of each source, in the order of the contract."""

SERVICES: Mapping[Source, tuple[str, ...]] = MappingProxyType(
    {
        "salesforce": ("salesforce", "salesforce_sandbox"),
        "servicenow": ("servicenow", "service_now"),
    }
)
"""Fivetran's services that land each source's tables; others are named like them and land something else."""
