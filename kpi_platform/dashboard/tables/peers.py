"""Values of groups of accounts, as they are shown."""

import sqlalchemy as sa

from kpi_platform.dashboard.tables.schema import customer_id_column, metadata
from kpi_platform.dashboard.types import JSON

peer_groups = sa.Table(
    "peer_groups",
    metadata,
    customer_id_column(primary_key=True, autoincrement=False),
    sa.Column("industry", sa.Text, primary_key=True, comment="Empty: all accounts."),
    sa.Column("measures", JSON, nullable=False, comment="KPIs, and the health score; in order."),
    sa.Column("accounts", sa.LargeBinary, nullable=False, comment="Accounts of each measure; 4 bytes each."),
    sa.Column("points", sa.LargeBinary, nullable=False, comment="By measure, ascending; 8 bytes each."),
    comment="The values of groups of accounts in order: a copy of what is shown, which each load and "
    "each roll-back make anew.",
)
