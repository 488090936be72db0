"""A list of the secrets that each customer's settings may name, with those that they name today.

From this revision on settings may hold KPI_SECRET_<CUSTOMER>_… and what is listed here
(docs/decisions/0013). So that nobody loses a connection, the newest settings of each customer are read, and a
name of another form is listed for that customer alone, to be confirmed or forbidden by the operator. What the
platform itself reads is listed for nobody: that a customer's settings name it is a fault or an attack.
"""

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BY = "the upgrade"
_DEFAULTS = frozenset({"WAREHOUSE_PASSWORD", "WAREHOUSE_PRIVATE_KEY_PATH"})
_OF_THE_PLATFORM = _DEFAULTS | frozenset(
    """
    AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN DAGSTER_DATABASE_URL
    DASHBOARD_DATABASE_URL FIVETRAN_API_KEY FIVETRAN_API_SECRET FIVETRAN_API_URL FIVETRAN_GROUP_ID
    FIVETRAN_WEBHOOK_SECRET GOOGLE_APPLICATION_CREDENTIALS HOME KPI_ALERT_KEY KPI_ALLOWED_HOSTS
    KPI_CELERY_BROKER_URL KPI_CELERY_RESULTS_URL KPI_DAGSTER_URL KPI_DESTINATION_STEPS
    KPI_LOCAL_FIVETRAN_PORT KPI_LOG_FORMAT KPI_LOG_LEVEL KPI_PLATFORM_HOME KPI_REFRESH_SETTLE_SECONDS
    KPI_RUNS_AT_ONCE KPI_SENSOR_SECONDS KPI_SESSION_KEY KPI_SYNC_POLL_SECONDS KPI_SYNC_TIMEOUT_SECONDS
    KPI_WEB_URL OTEL_EXPORTER_OTLP_ENDPOINT OTEL_EXPORTER_OTLP_HEADERS PATH PGPASSFILE PGPASSWORD PWD
    SALESFORCE_CONNECTOR_ID SALESFORCE_DOMAIN SERVICENOW_CONNECTOR_ID SERVICENOW_INSTANCE_URL USER
    WAREHOUSE_DATABASE WAREHOUSE_DATASET WAREHOUSE_HOST WAREHOUSE_MAXIMUM_BYTES_BILLED WAREHOUSE_PORT
    WAREHOUSE_PROJECT WAREHOUSE_ROLE WAREHOUSE_SCHEMA WAREHOUSE_SSLMODE WAREHOUSE_TYPE
    WAREHOUSE_USERNAME WAREHOUSE_WAREHOUSE
    """.split()  # noqa: SIM905
)
"""What the platform and its libraries read, except for the address that .env.example proposed for alerts."""
_ELSEWHERE = ("type", "host", "port", "project")


def upgrade() -> None:
    op.create_table(
        "allowed_secrets",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("allowed_by", sa.Text(), nullable=False),
        sa.Column("allowed_at", UtcDateTime(), nullable=False),
        sa.Column(
            "confirmed",
            sa.Boolean(),
            nullable=False,
            comment="False: an upgrade has listed it, and nobody has looked yet.",
        ),
        sa.Column(
            "as_before",
            sa.Boolean(),
            nullable=False,
            comment="Its value may be the path of a file although the name does not say so.",
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_allowed_secrets_customers")),
        sa.PrimaryKeyConstraint("customer_id", "name", name=op.f("pk_allowed_secrets")),
        comment="Names of secrets that a customer's settings may hold besides those that begin with "
        "KPI_SECRET_.",
    )
    _list_what_is_named()


def downgrade() -> None:
    op.drop_table("allowed_secrets")


def _list_what_is_named() -> None:
    bind = op.get_bind()
    newest = bind.execute(
        sa.text(
            "SELECT versions.customer_id, versions.document FROM customer_settings_versions AS versions"
            " JOIN (SELECT customer_id, max(version) AS version FROM customer_settings_versions"
            " GROUP BY customer_id) AS newest ON newest.customer_id = versions.customer_id"
            " AND newest.version = versions.version"
        )
    ).all()
    now = datetime.now(UTC)
    rows = []
    for customer_id, stored in newest:
        document = json.loads(stored) if isinstance(stored, str) else stored
        named = _named(document if isinstance(document, dict) else {})
        rows += [
            {
                "customer_id": customer_id,
                "name": name,
                "allowed_by": _BY,
                "allowed_at": now,
                "confirmed": False,
                "as_before": as_before,
            }
            for name, as_before in sorted(named.items())
        ]
    if rows:
        table = sa.table(
            "allowed_secrets",
            sa.column("customer_id"), sa.column("name"), sa.column("allowed_by"),
            sa.column("allowed_at", UtcDateTime()), sa.column("confirmed", sa.Boolean()),
            sa.column("as_before", sa.Boolean()),
        )  # fmt: skip
        op.bulk_insert(table, rows)


def _named(document: dict[str, Any]) -> dict[str, bool]:
    """The names to list, and whether their values may be paths of files: before, a warehouse's could be."""
    warehouse, alerts = _section(document, "warehouse"), _section(document, "alerts")
    name, address = warehouse.get("credentials_secret"), alerts.get("webhook_url_secret")
    found: dict[str, bool] = {}
    if _is_listed(address):
        found[str(address)] = False
    if _is_listed(name):
        found[str(name)] = True
    elif (not name or name in _DEFAULTS) and _is_beside_the_default(warehouse):
        found["WAREHOUSE_PASSWORD"] = False
    return found


def _is_beside_the_default(warehouse: dict[str, Any]) -> bool:
    """Another database of the server that the operator's environment names, with its credentials."""
    return bool(warehouse.get("database")) and not any(warehouse.get(one) for one in _ELSEWHERE)


def _section(document: dict[str, Any], name: str) -> dict[str, Any]:
    section = document.get(name)
    return section if isinstance(section, dict) else {}


def _is_listed(name: Any) -> bool:
    of_this_form = str(name).startswith("KPI_SECRET_")
    return isinstance(name, str) and bool(name) and name not in _OF_THE_PLATFORM and not of_this_form
