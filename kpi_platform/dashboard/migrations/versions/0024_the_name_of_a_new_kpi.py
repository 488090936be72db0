"""A customer's own KPI with the slug of gross revenue retention gets another one, and keeps all it has."""

from kpi_platform.dashboard.migrations import own_kpis

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    own_kpis.rename(
        "gross_revenue_retention",
        "own_gross_revenue_retention",
        "Gross revenue retention is a standard KPI now: the KPI of your own with its slug has another slug.",
    )


def downgrade() -> None:
    own_kpis.remove("gross_revenue_retention")
