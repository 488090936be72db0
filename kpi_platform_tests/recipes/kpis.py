"""Two made-up KPIs and a column of the account, added to a copy of the project as docs/extending.md says."""

from pathlib import Path

from kpi_platform_tests.recipes.tree import copied, edited

_ENTRIES = """
    Kpi("deal_size", "Deal Size", "Deals", _OUTCOMES, "Medium", "Monthly",
        "currency", 0, None, "high", 365, "salesforce", Thresholds(1000, 100),
        "mean amount of the opportunities won in the window",
        models=("int_deal_size",), summed="int_deal_size", column="deal_size",
        needs=Needs(("account", "opportunity"), _OPPORTUNITY)),
    Kpi("reassignment_rate", "Reassignment Rate", "Reassigned", _SUPPORT, "Medium", "Weekly",
        "percent", 0, 100, "low", 90, "servicenow", Thresholds(5, 20),
        "100 · reassigned more than twice / opened, of the incidents opened in the window",
        models=("int_reassigned_incident",), summed="int_reassigned_incident",
        column="reassignment_rate_percent",
        needs=Needs(("incident",), (("incident.reassignment_count", "task.reassignment_count"),)),
        scale=100),
)
# fmt: on
"""

_MODEL = """with

{rows} as (
    select * from {{{{ ref('{relation}') }}}}
),

settings as (
    select * from {{{{ ref('int_kpi_setting') }}}}
    where kpi = '{kpi}' and gap is null
),

final as (
    select
        {rows}.customer_id,
        {rows}.account_key,
        settings.kpi,
        '{table}' as source_table,
        {rows}.{id} as source_id,
        {rows}.{time} as event_time,
        {{{{ exact('{numerator}') }}}} as numerator,
        {{{{ exact(1) }}}} as denominator,
        {rows}.left_out_reason
    from {rows}
    inner join settings on {rows}.customer_id = settings.customer_id
    where {rows}.{time} >= settings.window_start
)

select * from final
"""

_DESCRIPTION = """models:
  - name: {model}
    description: One row per customer and row of {table} in the window of {kpi}.
    config:
      meta: {{kpis: [{kpi}]}}
"""

_MIGRATION = '''"""The phone of an account."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("accounts", "account_history"):
        op.add_column(table, sa.Column("phone", sa.Text()))


def downgrade() -> None:
    for table in ("accounts", "account_history"):
        op.drop_column(table, "phone")
'''


def with_two_kpis(folder: Path) -> Path:
    """A copy with the KPIs deal_size (opportunities) and reassignment_rate (incidents)."""
    copy = copied(folder, "kpi_platform", "dbt", "kpi_platform_tests")
    edited(copy / "kpi_platform" / "domain" / "kpis.py", (")\n# fmt: on\n", _ENTRIES.lstrip("\n")))
    intermediate = copy / "dbt" / "models" / "intermediate"
    _add(
        intermediate / "salesforce" / "int_deal_size",
        kpi="deal_size", rows="opportunities", relation="int_opportunity", table="salesforce.opportunity",
        id="id", time="close_date", numerator="coalesce(opportunities.amount, 0)",
    )  # fmt: skip
    _add(
        intermediate / "servicenow" / "int_reassigned_incident",
        kpi="reassignment_rate", rows="incidents", relation="int_incident", table="servicenow.incident",
        id="sys_id", time="opened_at", numerator="case when incidents.is_reassigned_often then 1 else 0 end",
    )  # fmt: skip
    return copy


def with_phone(copy: Path) -> None:
    """Adds the account column `phone`: its entry, its field, its migration."""
    edited(
        copy / "kpi_platform" / "domain" / "account_columns.py",
        (
            "ACCOUNT_COLUMNS = (\n",
            'ACCOUNT_COLUMNS = (\n    AccountColumn("phone", "string", "Phone.", "phone"),\n',
        ),
    )
    dashboard = copy / "kpi_platform" / "dashboard"
    edited(
        dashboard / "accounts.py",
        ("    website: str | None\n", "    website: str | None\n    phone: str | None\n"),
    )
    versions = dashboard / "migrations" / "versions"
    head = max(file.name[:4] for file in versions.glob("0*.py"))
    (versions / "9999_phone.py").write_text(_MIGRATION.format(head=head))


def _add(place: Path, *, kpi: str, table: str, **parts: str) -> None:
    place.with_suffix(".sql").write_text(_MODEL.format(kpi=kpi, table=table, **parts))
    place.with_suffix(".yml").write_text(_DESCRIPTION.format(model=place.name, kpi=kpi, table=table))
