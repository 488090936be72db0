"""A customer's own KPI with the slug of the new standard KPI gets another one, and keeps all that it has.

Its values, history and definition go with it, and so does every stored version of the settings: an older one
that is restored still has it.
"""

import copy
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON, UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_TAKEN, _FREE = "gross_revenue_retention", "own_gross_revenue_retention"
_BY = "the upgrade"
_NOTE = "Gross revenue retention is a standard KPI now: the KPI of your own with its slug has another slug."
_versions = sa.table(
    "customer_settings_versions",
    sa.column("customer_id", sa.Integer()),
    sa.column("version", sa.Integer()),
    sa.column("document", JSON),
    sa.column("saved_by", sa.Text()),
    sa.column("saved_at", UtcDateTime()),
    sa.column("note", sa.Text()),
    sa.column("changes", JSON),
)
_BY_KPI = ("kpis", "kpi_history", "kpi_definitions")


def upgrade() -> None:
    newest: dict[int, tuple[int, Any, Any]] = {}
    in_order = sa.select(_versions.c.customer_id, _versions.c.version, _versions.c.document).order_by(
        _versions.c.customer_id, _versions.c.version
    )
    for customer, version, document in op.get_bind().execute(in_order).all():
        renamed = _renamed(document)
        newest[customer] = version, document, renamed
        if renamed != document:
            mine = sa.and_(_versions.c.customer_id == customer, _versions.c.version == version)
            op.get_bind().execute(sa.update(_versions).where(mine).values(document=renamed))
    for customer, (version, before, after) in newest.items():
        if before != after:
            _say_so(customer, version + 1, before, after)
    for name in _BY_KPI:
        table = sa.table(name, sa.column("kpi", sa.Text()))
        op.get_bind().execute(sa.update(table).where(table.c.kpi == _TAKEN).values(kpi=_FREE))


def downgrade() -> None:
    """Keeps the new name of a KPI that was renamed. The older program knows no standard KPI of the name."""
    for name in _BY_KPI:
        table = sa.table(name, sa.column("kpi", sa.Text()))
        op.get_bind().execute(sa.delete(table).where(table.c.kpi == _TAKEN))


def _renamed(document: Any) -> Any:
    result = copy.deepcopy(document)
    own = result.get("custom_kpis") if isinstance(result, dict) else None
    for kpi in own if isinstance(own, list) else ():
        if isinstance(kpi, dict) and kpi.get("slug") == _TAKEN:
            kpi["slug"] = _FREE
    return result


def _say_so(customer: int, version: int, before: Any, after: Any) -> None:
    change = {"path": "custom_kpis", "before": before["custom_kpis"], "after": after["custom_kpis"]}
    row = {
        "customer_id": customer,
        "version": version,
        "document": after,
        "saved_by": _BY,
        "saved_at": datetime.now(UTC),
        "note": _NOTE,
        "changes": [change],
    }
    op.get_bind().execute(sa.insert(_versions).values(row))
