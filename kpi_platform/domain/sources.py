"""The two sources, and the tables that Fivetran lands from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kpi_platform.domain.kpis import Source


@dataclass(frozen=True, slots=True)
class SourceSystem:
    """The description of a source: everything in which sources differ. Ids are in the column `key`, and match
    on their first `key_length` characters (None: on all). `page` and `api` are the addresses of a record for
    people and programs, made of `instance`, `version`, `table`, `object` (the table's API name) and
    `record`."""

    name: Source
    title: str
    key: str
    key_length: int | None
    page: str
    api: str


SOURCE_SYSTEMS: Mapping[Source, SourceSystem] = MappingProxyType(
    {
        system.name: system
        for system in (
            SourceSystem(
                "salesforce",
                "Salesforce",
                key="id",
                key_length=15,
                page="{instance}/lightning/r/{object}/{record}/view",
                api="{instance}/services/data/{version}/sobjects/{object}/{record}",
            ),
            SourceSystem(
                "servicenow",
                "ServiceNow",
                key="sys_id",
                key_length=None,
                page="{instance}/{table}.do?sys_id={record}",
                api="{instance}/api/now/table/{table}/{record}",
            ),
        )
    }
)
SOURCES: tuple[Source, ...] = tuple(SOURCE_SYSTEMS)


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A landed table. `switch` names its setting in `sync_objects` or `sync_tables`; without one the table is
    used wherever it is synced. `class_table` holds what its rows have in common with others, where the
    source keeps that apart."""

    source: Source
    name: str
    switch: str | None
    description: str
    class_table: str | None = None

    @property
    def primary_key(self) -> str:
        """The column with its ids."""
        return SOURCE_SYSTEMS[self.source].key


_TABLES = (
    SourceTable("salesforce", "account", "accounts", "Client companies."),
    SourceTable("salesforce", "opportunity", "opportunities", "Deals, won, lost and open."),
    SourceTable("salesforce", "contact", "contacts", "People at the client companies."),
    SourceTable("salesforce", "case", "cases", "Customer cases with their ratings."),
    SourceTable("salesforce", "task", "tasks", "Calls, e-mails and other to-dos."),
    SourceTable("salesforce", "user", "users", "Salesforce users; the owners of accounts."),
    SourceTable("salesforce", "event", None, "Meetings in the calendar."),
    SourceTable("salesforce", "task_relation", None, "People and records that tasks are about."),
    SourceTable("salesforce", "event_relation", None, "People and records that events are about."),
    SourceTable("salesforce", "currency_type", None, "Currencies with their rates."),
    SourceTable("salesforce", "dated_conversion_rate", None, "Rates of currencies by date."),
    SourceTable("servicenow", "incident", "incidents", "Tickets.", class_table="task"),
    SourceTable("servicenow", "task", "tasks", "What all task classes have in common."),
    SourceTable("servicenow", "problem", "problems", "Causes behind incidents."),
    SourceTable("servicenow", "change_request", "change_requests", "Changes."),
    SourceTable("servicenow", "cmdb_ci", "configuration_items", "Configuration items."),
    SourceTable("servicenow", "sys_user", "users", "ServiceNow users."),
    SourceTable("servicenow", "task_sla", None, "SLAs that run on tasks."),
    SourceTable("servicenow", "contract_sla", None, "Definitions of SLAs."),
    SourceTable("servicenow", "core_company", None, "Companies of callers and assets."),
    SourceTable("servicenow", "sys_choice", None, "Labels of choice fields."),
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
