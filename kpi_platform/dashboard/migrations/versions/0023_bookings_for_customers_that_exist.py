"""Customers that exist go on to measure retention and growth from bookings."""

from kpi_platform.dashboard.migrations import old_values

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_OLD = {"revenue.basis": "bookings"}
"""By the path of the setting."""

_ALSO_NEW = (
    "revenue.default_term_months",
    "revenue.late_renewal_grace_days",
    "revenue.one_off_product_families",
    "salesforce.custom_fields.opportunity_arr",
    "salesforce.custom_fields.opportunity_start_date",
    "salesforce.custom_fields.opportunity_end_date",
    "salesforce.custom_fields.opportunity_term_months",
    "salesforce.custom_fields.opportunity_renewed_contract",
)


def upgrade() -> None:
    old_values.state(_OLD)


def downgrade() -> None:
    old_values.remove([*_OLD, *_ALSO_NEW])
