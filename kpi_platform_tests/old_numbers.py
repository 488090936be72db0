"""The settings that give the numbers of kpis.md as they were before quality.md, support.md and revenue.md
amended it."""

from typing import Any

OLD_NUMBERS: dict[str, Any] = {
    "kpi_mappings": {
        "csat": {"max_outside": 1},
        "executive_engagement": {
            "count_emails": True,
            "not_titles": ["assistant to"],
            "planned_days": None,
            "titles": [
                "VP", "SVP", "EVP", "AVP", "Vice President", "Director", "President", "Chief", "CEO", "CFO",
                "COO", "CTO", "CIO", "CMO", "CRO", "CISO", "CSO", "CPO", "Head of",
            ],
        },
        "support_satisfaction": {"max_outside": 1},
    },
    "revenue": {"basis": "bookings", "currency": "as_landed"},
    "salesforce": {"account_types": {"former": []}},
    "servicenow": {
        "child_incidents": "exclude",
        "link_placeholders": [],
        "reopened": "as_resolved",
        "sla_unit": "sla",
        "time_basis": "calendar",
    },
}  # fmt: skip
"""A settings patch; the revisions 0013 and 0023 write the same into the settings of customers that exist."""
