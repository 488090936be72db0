"""A customer's own KPI with the slug of the support ticket rate gets another one, and keeps all it has."""

from kpi_platform.dashboard.migrations import own_kpis

revision = "0030"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    own_kpis.rename(
        "support_ticket_rate",
        "own_support_ticket_rate",
        "The support ticket rate is a standard KPI now: the KPI of your own with its slug has another slug.",
    )


def downgrade() -> None:
    own_kpis.remove("support_ticket_rate")
