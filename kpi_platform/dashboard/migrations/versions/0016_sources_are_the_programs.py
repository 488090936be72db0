"""No table checks which sources there are: another source is then a change of the program alone."""

from alembic import op

from kpi_platform.dashboard.migrations.sqlite_table import add_check, drop_check

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_SOURCES = ("salesforce", "servicenow")
_CHECKS = (
    ("source_states", "source", _SOURCES),
    ("sync_requests", "data_source", (*_SOURCES, "combined")),
    ("kpi_uploads", "data_source", (*_SOURCES, "combined")),
)


def upgrade() -> None:
    for table, column, _ in _CHECKS:
        name = f"ck_{table}_{column}"
        if op.get_bind().dialect.name == "sqlite":
            drop_check(table, name)
        else:
            op.drop_constraint(op.f(name), table, type_="check")


def downgrade() -> None:
    for table, column, allowed in _CHECKS:
        name, condition = f"ck_{table}_{column}", f"{column} IN {allowed}"
        if op.get_bind().dialect.name == "sqlite":
            add_check(table, name, condition)
        else:
            op.create_check_constraint(op.f(name), table, condition)
