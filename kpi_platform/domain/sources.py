"""The catalogue of the sources: what is different between them, and the tables that Fivetran lands from them.

Their settings are `domain/settings/sources.py`, their models `dbt/models/*/<source>`; everything else derives
from here (docs/extending.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

Source = Literal["salesforce", "servicenow"]
DataSource = Literal[Source, "combined"]
"""One source, or all of them."""


@dataclass(frozen=True, slots=True)
class SourceSystem:
    """The description of a source: everything in which sources differ.

    `purpose` says on the settings page what it holds.

    Ids are in the column `key`, and match on their first `key_length` characters (None: on all).

    `page` and `api` are the addresses of a record for people and programs, `account_page` is the address of
    an account. They are made of `instance`, `version`, `table`, `object` (the API name), `record`, and
    the names of the custom fields. An account has no page if its id does not match `account_id`.

    `known_account` is the column of the mart kpi_accounts that is true if the source knows the account. If
    the source `lists_accounts`, its KPIs are not mapped for an account that it does not know; otherwise such
    an account has no rows in it.

    `services` are Fivetran's services that land its tables, the first of which a new connection has;
    `config_key` and `config_value` place a connection, by `address` and `host` (the host's first label).
    """

    name: Source
    title: str
    purpose: str
    key: str
    key_length: int | None
    page: str
    api: str
    account_page: str
    account_id: str
    known_account: str
    lists_accounts: bool
    services: tuple[str, ...]
    config_key: str
    config_value: str

    def connection_config(self, instance_url: str | None) -> dict[str, str]:
        """Returns the place of the source as a Fivetran connection is configured; empty if it is unknown."""
        if instance_url is None:
            return {}
        host = str(urlsplit(instance_url).hostname).partition(".")[0]
        return {self.config_key: self.config_value.format(address=instance_url, host=host)}


SOURCE_SYSTEMS: Mapping[Source, SourceSystem] = MappingProxyType(
    {
        system.name: system
        for system in (
            SourceSystem(
                "salesforce",
                "Salesforce",
                "The CRM: accounts, opportunities, contacts, cases, tasks.",
                key="id",
                key_length=15,
                page="{instance}/lightning/r/{object}/{record}/view",
                api="{instance}/services/data/{version}/sobjects/{object}/{record}",
                account_page="{instance}/lightning/r/Account/{record}/view",
                account_id="[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?",
                known_account="is_salesforce_account",
                lists_accounts=True,
                services=("salesforce", "salesforce_sandbox"),
                config_key="base_url",
                config_value="{address}",
            ),
            SourceSystem(
                "servicenow",
                "ServiceNow",
                "The service desk: incidents and their service levels.",
                key="sys_id",
                key_length=None,
                page="{instance}/{table}.do?sys_id={record}",
                api="{instance}/api/now/table/{table}/{record}",
                # It knows an account by the incidents that name its id.
                account_page="{instance}/incident_list.do?sysparm_query={customer_account_id}%3D{record}",
                account_id=".+",
                known_account="is_seen_in_servicenow",
                lists_accounts=False,
                services=("servicenow", "service_now"),
                config_key="instance",
                config_value="{host}",
            ),
        )
    }
)
SOURCES: tuple[Source, ...] = tuple(SOURCE_SYSTEMS)


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A landed table. `switch` names its setting in `sync_objects` or `sync_tables`; without one the table is
    used wherever it is synced. `class_table` holds what its rows have in common with others, if the
    source keeps that apart. Rows of a table `of_account` belong to an account: a KPI can be measured from
    them."""

    source: Source
    name: str
    switch: str | None
    description: str
    class_table: str | None = None
    of_account: bool = False

    @property
    def primary_key(self) -> str:
        """The column with its ids."""
        return SOURCE_SYSTEMS[self.source].key


_TABLES = (
    SourceTable("salesforce", "account", "accounts", "Client companies.", of_account=True),
    SourceTable("salesforce", "opportunity", "opportunities", "Deals, won, lost and open.", of_account=True),
    SourceTable("salesforce", "contact", "contacts", "People at the client companies.", of_account=True),
    SourceTable("salesforce", "case", "cases", "Customer cases with their ratings.", of_account=True),
    SourceTable("salesforce", "task", "tasks", "Calls, e-mails and other to-dos.", of_account=True),
    SourceTable("salesforce", "user", "users", "Salesforce users; the owners of accounts."),
    SourceTable("salesforce", "event", None, "Meetings in the calendar.", of_account=True),
    SourceTable("salesforce", "task_relation", None, "People and records that tasks are about."),
    SourceTable("salesforce", "event_relation", None, "People and records that events are about."),
    SourceTable("salesforce", "currency_type", None, "Currencies with their rates."),
    SourceTable("salesforce", "dated_conversion_rate", None, "Rates of currencies by date."),
    SourceTable("salesforce", "opportunity_line_item", None, "Products of opportunities, with their prices."),
    SourceTable("salesforce", "product_2", None, "Products and their families."),
    SourceTable("salesforce", "contract", None, "Contracts with their terms."),
    SourceTable("salesforce", "asset", None, "Products that accounts have."),
    SourceTable("salesforce", "asset_state_period", None, "Recurring revenue of assets by period."),
    SourceTable("servicenow", "incident", "incidents", "Tickets.", class_table="task", of_account=True),
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
