"""The whole document."""

from itertools import combinations
from typing import Annotated, Any

from pydantic import Field, model_validator

from kpi_platform.domain.custom_kpis import CustomKpi
from kpi_platform.domain.limits import at_most, refused
from kpi_platform.domain.settings.fivetran import FivetranSettings
from kpi_platform.domain.settings.kpi_mappings import FIELD_OF_KPI, KpiMappings
from kpi_platform.domain.settings.policies import AccountMatching, Alerts, ErrorHandling, HealthScore, Update
from kpi_platform.domain.settings.revenue import RevenueSettings
from kpi_platform.domain.settings.section import Section, section, setting
from kpi_platform.domain.settings.sources import SalesforceSettings, ServiceNowSettings, SourceSettings
from kpi_platform.domain.settings.warehouse import WarehouseSettings
from kpi_platform.domain.sources import SOURCES, Source


class CustomerSettings(Section):
    """Settings of one customer, valid as a whole. `CustomerSettings()` are the defaults."""

    fivetran: FivetranSettings = section(FivetranSettings, "When and by whom the connections are synced.")
    salesforce: SalesforceSettings = section(SalesforceSettings, "The CRM.")
    servicenow: ServiceNowSettings = section(ServiceNowSettings, "The service desk.")
    warehouse: WarehouseSettings = section(WarehouseSettings, "The destination.")
    account_matching: AccountMatching = section(AccountMatching, "How accounts find each other.")
    revenue: RevenueSettings = section(
        RevenueSettings, "How recurring revenue is measured and money compared."
    )
    kpi_mappings: KpiMappings = section(KpiMappings, "The standard KPIs.")
    health_score: HealthScore = section(HealthScore, "How the health score is put together.")
    update: Update = section(Update, "How a load treats what is there.")
    error_handling: ErrorHandling = section(ErrorHandling, "What happens when something fails.")
    alerts: Alerts = section(Alerts, "Who is told of what.")
    custom_kpis: Annotated[tuple[CustomKpi, ...], Field(strict=False), at_most(50)] = setting(
        (),
        "Further KPIs that this customer defines; computed, explained and loaded like the standard KPIs.",
        kind="meaning",
    )

    @model_validator(mode="after")
    def _sections_agree(self) -> "CustomerSettings":
        if (
            not self.account_matching.create_new_accounts
            and self.error_handling.on_missing_account == "create"
        ):
            raise refused(
                "account_matching.create_new_accounts is false, but error_handling.on_missing_account is "
                "create; set the second to skip or error, or the first to true",
                field="account_matching.create_new_accounts",
            )
        used = [source for source in SOURCES if self.source(source).enabled]
        for first, second in combinations(used, 2):
            one, other = self.source(first), self.source(second)
            if one.connection_id is not None and one.connection_id == other.connection_id:
                raise refused(
                    f"'{other.connection_id}' is {first}.connection_id already; each source has a connection "
                    "of its own",
                    field=f"{second}.connection_id",
                )
            if one.schema_.casefold() == other.schema_.casefold():
                raise refused(
                    f"'{other.schema_}' is {first}.schema already; sources have tables of the same name, "
                    "such as task, so each needs a schema of its own",
                    field=f"{second}.schema",
                )
        seen: set[str] = set()
        for index, kpi in enumerate(self.custom_kpis):
            if kpi.slug in seen:
                raise refused(
                    f"'{kpi.slug}' is the slug of another custom KPI already",
                    field=f"custom_kpis.{index}.slug",
                )
            seen.add(kpi.slug)
        return self

    def source(self, name: Source) -> SourceSettings:
        """Returns the section of one source."""
        return getattr(self, name)  # type: ignore[no-any-return]

    def mapped_field(self, source: Source, field: str) -> str:
        """Returns the column name for `field` of `custom_fields`. The field of a KPI's mapping wins. Raises
        KeyError if the source has no such custom field."""
        configured = self.source(source).fields[field]
        for slug, (_, custom_field) in FIELD_OF_KPI.items():
            mapping = self.kpi_mappings[slug]
            if custom_field == field and mapping.source == source and mapping.column:
                return mapping.column
        return configured

    def frequency(self, source: Source) -> int:
        """Returns the minutes between two automatic syncs of `source`."""
        return self.source(source).sync_frequency_minutes or self.fivetran.sync_frequency_minutes

    def syncs_automatically(self, source: Source) -> bool:
        """Whether the source takes part in the automatic sync, ours or Fivetran's."""
        wanted: bool = getattr(self.fivetran, f"sync_{source}")
        return self.fivetran.enabled and wanted and self.source(source).enabled

    def document(self) -> dict[str, Any]:
        """Returns the whole document as JSON has it, defaults included."""
        return self.model_dump(mode="json", by_alias=True)
