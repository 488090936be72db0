"""The settings of one customer: one document, validated as a whole. Import its names from here."""

from kpi_platform.domain.settings.account_types import AccountTypes
from kpi_platform.domain.settings.differences import Change, diff_settings
from kpi_platform.domain.settings.editor import SCOPES, WHO_MAY, Editor, Scope, paths_beyond, require_none
from kpi_platform.domain.settings.fivetran import FivetranSettings, SyncWindow
from kpi_platform.domain.settings.kpi_mappings import (
    EngagementMapping,
    KpiMapping,
    KpiMappings,
    RatingMapping,
    RetentionMapping,
    RetentionTypes,
)
from kpi_platform.domain.settings.leaves import (
    Leaf,
    settings_kinds,
    settings_leaves,
    settings_structures,
    value_at,
)
from kpi_platform.domain.settings.merging import Clash, Merged, merge_settings
from kpi_platform.domain.settings.model import CustomerSettings
from kpi_platform.domain.settings.parsing import editable_part, parse_settings, whole_document
from kpi_platform.domain.settings.policies import (
    MAIL,
    AccountMatching,
    Alerts,
    ErrorHandling,
    HealthScore,
    HealthWeights,
    Update,
)
from kpi_platform.domain.settings.revenue import RevenueSettings
from kpi_platform.domain.settings.sources import SalesforceSettings, ServiceNowSettings, SourceSettings
from kpi_platform.domain.settings.stated import as_it_holds, stated_part
from kpi_platform.domain.settings.typed import text_of, with_typed, without
from kpi_platform.domain.settings.warehouse import WarehouseSettings

__all__ = [
    "MAIL",
    "SCOPES",
    "WHO_MAY",
    "AccountMatching",
    "AccountTypes",
    "Alerts",
    "Change",
    "Clash",
    "CustomerSettings",
    "Editor",
    "EngagementMapping",
    "ErrorHandling",
    "FivetranSettings",
    "HealthScore",
    "HealthWeights",
    "KpiMapping",
    "KpiMappings",
    "Leaf",
    "Merged",
    "RatingMapping",
    "RetentionMapping",
    "RetentionTypes",
    "RevenueSettings",
    "SalesforceSettings",
    "Scope",
    "ServiceNowSettings",
    "SourceSettings",
    "SyncWindow",
    "Update",
    "WarehouseSettings",
    "as_it_holds",
    "diff_settings",
    "editable_part",
    "merge_settings",
    "parse_settings",
    "paths_beyond",
    "require_none",
    "settings_kinds",
    "settings_leaves",
    "settings_structures",
    "stated_part",
    "text_of",
    "value_at",
    "whole_document",
    "with_typed",
    "without",
]
