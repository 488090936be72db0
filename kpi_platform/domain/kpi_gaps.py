"""The KPIs that a customer cannot have, because some of their tables and columns did not land."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kpi_platform.domain.kpis import Needs
from kpi_platform.domain.landed import LandedTable, column_key
from kpi_platform.domain.sources import SOURCE_SYSTEMS, Source

Gap = Literal["disabled", "not_synced", "not_mapped"]


@dataclass(frozen=True, slots=True)
class Landed:
    """The tables of one source, and the columns that `custom_fields` map to each field. A source that is
    switched off has no tables."""

    tables: Mapping[str, LandedTable]
    fields: Mapping[str, str]

    def has_table(self, name: str) -> bool:
        """Whether the table is there and switched on."""
        table = self.tables.get(name)
        return table is not None and table.status == "available"

    def has_column(self, *alternatives: str) -> bool:
        """Whether one of `alternatives` (`table.column`, or `table.field` for a mapped field) is there."""
        return any(self._has(*each.split(".")) for each in alternatives)

    def has_incident_column(self, name: str) -> bool:
        """Whether the incidents have the column, flat or in their class table."""
        return self.has_column(f"incident.{name}", f"task.{name}")

    def _has(self, table: str, column: str) -> bool:
        name = self.fields.get(column, column)
        columns = self.tables[table].columns if self.has_table(table) else None
        return bool(name and columns and column_key(name) in columns)


LandedSources = Mapping[Source, Landed]


def kpi_gap(source: Source, needs: Needs, landed: LandedSources) -> Gap | None:
    """Returns `not_synced` if a table is missing, `not_mapped` if a column or the link to the account is.
    None if the KPI can be computed."""
    found = landed[source]
    if not all(found.has_table(table) for table in needs.tables):
        return "not_synced"
    if "incident" in needs.tables and (gap := incident_gap(landed)):
        return gap
    return None if all(found.has_column(*group) for group in needs.columns) else "not_mapped"


def basis_gap(time_basis: str, servicenow: Landed) -> Gap | None:
    """Returns why resolution_time cannot be measured by `time_basis`; None if it can. Auto always can."""
    if time_basis == "sla":
        if not servicenow.has_table("task_sla"):
            return "not_synced"
        return None if servicenow.has_column("task_sla.business_duration") else "not_mapped"
    if time_basis == "business":
        return None if servicenow.has_incident_column("business_stc") else "not_mapped"
    return None


_TERMS = ("arr", "start_date", "end_date", "term_months")


def asset_gap(salesforce: Landed) -> Gap | None:
    """Returns what keeps recurring revenue from being read from periods of assets."""
    needed = ("account", "asset", "asset_state_period")
    return None if all(map(salesforce.has_table, needed)) else "not_synced"


def may_have_ledger(basis: str, salesforce: Landed) -> bool:
    """Whether rows can make another basis of revenue than bookings the one in force: `auto` needs a column
    that says more than amounts, and a value in it."""
    if basis != "auto":
        return basis != "bookings"
    by_contract = salesforce.has_column("opportunity.contract_id") and salesforce.has_column(
        "contract.start_date"
    )
    by_term = salesforce.has_column(*(f"opportunity.opportunity_{name}" for name in _TERMS))
    return by_contract or by_term or salesforce.has_column("asset_state_period.mrr")


def incident_gap(landed: LandedSources) -> Gap | None:
    """Returns what keeps incidents from being counted by account at all."""
    servicenow = landed["servicenow"]
    if not servicenow.has_table("incident"):
        return "not_synced"
    if not servicenow.has_incident_column("opened_at"):
        # Class tables keep it in `task`.
        return "not_mapped" if servicenow.has_table("task") else "not_synced"
    return None if _links_incidents(landed) else "not_mapped"


def row_gap(source: Source, table: str, landed: LandedSources) -> Gap | None:
    """Returns what keeps a table's rows from being counted by account. Incidents are linked by a field or
    by their company; the rows of a source that lists accounts name the account, or a contact of it."""
    if table == "incident":
        return incident_gap(landed)
    if not SOURCE_SYSTEMS[source].lists_accounts:
        return "not_mapped"
    found = landed[source]
    if not (found.has_table("account") and found.has_table(table)):
        return "not_synced"
    by_account = table == "account" or found.has_column(f"{table}.account_id")
    by_contact = found.has_column(f"{table}.who_id") and found.has_column("contact.account_id")
    return None if by_account or by_contact else "not_mapped"


def _links_incidents(landed: LandedSources) -> bool:
    """Whether incidents can be linked: by the mapped field, in either form, or by the company whose name is
    an account's."""
    salesforce, servicenow = landed["salesforce"], landed["servicenow"]
    field = servicenow.fields.get("customer_account_id")
    by_field = field and (
        servicenow.has_incident_column(field) or servicenow.has_incident_column(f"{field}_value")
    )
    by_company = (
        servicenow.has_incident_column("company_value")
        and servicenow.has_column("core_company.name")
        and salesforce.has_column("account.name")
    )
    return bool(by_field or by_company)
