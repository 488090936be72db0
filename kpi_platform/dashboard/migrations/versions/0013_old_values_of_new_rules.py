"""The values that the numbers of existing customers were computed by, written into their settings."""

from collections.abc import Mapping
from typing import Any

from kpi_platform.dashboard.migrations import old_values

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TITLES = [
    "VP", "SVP", "EVP", "AVP", "Vice President", "Director", "President", "Chief", "CEO", "CFO", "COO", "CTO",
    "CIO", "CMO", "CRO", "CISO", "CSO", "CPO", "Head of",
]  # fmt: skip
_OLD: Mapping[str, Any] = {
    "kpi_mappings.csat.max_outside": 1,
    "kpi_mappings.executive_engagement.count_emails": True,
    "kpi_mappings.executive_engagement.not_titles": ["assistant to"],
    "kpi_mappings.executive_engagement.planned_days": None,
    "kpi_mappings.executive_engagement.titles": _TITLES,
    "kpi_mappings.support_satisfaction.max_outside": 1,
    "revenue.currency": "as_landed",
    "salesforce.account_types.former": [],
    "servicenow.child_incidents": "exclude",
    "servicenow.link_placeholders": [],
    "servicenow.reopened": "as_resolved",
    "servicenow.sla_unit": "sla",
    "servicenow.time_basis": "calendar",
}
"""By the path of the setting."""


def upgrade() -> None:
    old_values.state(_OLD)


def downgrade() -> None:
    old_values.remove(_OLD)
