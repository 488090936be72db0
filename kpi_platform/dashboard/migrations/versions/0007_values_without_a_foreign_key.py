"""The values of KPIs without a foreign key to their accounts, and their check as comparisons.

Looking for the account of each value was half of what PostgreSQL did in a first load
(docs/decisions/0004).
"""

from alembic import op

from kpi_platform.dashboard.migrations.sqlite_table import rewrite

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEY = "FOREIGN KEY(customer_id, account_id) REFERENCES accounts (customer_id, id)"
_WITH_KEY = f", \n\tCONSTRAINT fk_kpis_accounts {_KEY}\n)"
_LISTED = "(status NOT IN ('ok', 'stale'))"
_COMPARED = "(status != 'ok' AND status != 'stale')"


def upgrade() -> None:
    rewrite("kpis", {_WITH_KEY: "\n)", _LISTED: _COMPARED})
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("fk_kpis_accounts", "kpis", type_="foreignkey")


def downgrade() -> None:
    rewrite("kpis", {"\n)": _WITH_KEY, _COMPARED: _LISTED})
    if op.get_bind().dialect.name == "postgresql":
        columns = ["customer_id", "account_id"]
        op.create_foreign_key("fk_kpis_accounts", "kpis", "accounts", columns, ["customer_id", "id"])
