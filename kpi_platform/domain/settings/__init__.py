"""The settings of one customer: one document, validated as a whole. Import its names from here."""

from kpi_platform.domain.settings.differences import Change, diff_settings
from kpi_platform.domain.settings.fivetran import FivetranSettings, SyncWindow
from kpi_platform.domain.settings.kpi_mappings import (
    KpiMapping,
    KpiMappings,
    RetentionMapping,
    RetentionTypes,
)
from kpi_platform.domain.settings.leaves import Leaf, settings_leaves
from kpi_platform.domain.settings.model import CustomerSettings
from kpi_platform.domain.settings.parsing import editable_part, parse_settings
from kpi_platform.domain.settings.policies import (
    AccountMatching,
    Alerts,
    ErrorHandling,
    HealthScore,
    HealthWeights,
    Update,
)
from kpi_platform.domain.settings.sources import SalesforceSettings, ServiceNowSettings, SourceSettings
from kpi_platform.domain.settings.stated import stated_part
from kpi_platform.domain.settings.warehouse import WarehouseSettings

__all__ = [
    "AccountMatching",
    "Alerts",
    "Change",
    "CustomerSettings",
    "ErrorHandling",
    "FivetranSettings",
    "HealthScore",
    "HealthWeights",
    "KpiMapping",
    "KpiMappings",
    "Leaf",
    "RetentionMapping",
    "RetentionTypes",
    "SalesforceSettings",
    "ServiceNowSettings",
    "SourceSettings",
    "SyncWindow",
    "Update",
    "WarehouseSettings",
    "diff_settings",
    "editable_part",
    "parse_settings",
    "settings_leaves",
    "stated_part",
]
