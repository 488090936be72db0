"""The values that the numbers of existing customers were computed by, written into their settings.

The defaults of the settings below give other numbers than before, and an upgrade changes no number by
itself. Every stored version states the old value, so that an older one that is restored still means what it
meant. The newest is followed by a version that names the change; a customer without settings gets its first.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TITLES = [
    "VP", "SVP", "EVP", "AVP", "Vice President", "Director", "President", "Chief", "CEO", "CFO", "COO", "CTO",
    "CIO", "CMO", "CRO", "CISO", "CSO", "CPO", "Head of",
]  # fmt: skip
_OLD: Mapping[str, Any] = {
    "kpi_mappings.csat.max_outside": 1,
    "kpi_mappings.executive_engagement.count_emails": True,
    "kpi_mappings.executive_engagement.not_titles": ["assistant to"],
    "kpi_mappings.executive_engagement.planned_days": None,
    "kpi_mappings.executive_engagement.titles": _TITLES,
    "kpi_mappings.support_satisfaction.max_outside": 1,
    "revenue.currency": "as_landed",
    "salesforce.account_types.former": [],
    "servicenow.child_incidents": "exclude",
    "servicenow.link_placeholders": [],
    "servicenow.reopened": "as_resolved",
    "servicenow.sla_unit": "sla",
    "servicenow.time_basis": "calendar",
}
"""By the path of the setting."""

_BY = "the upgrade"
_NOTE = "Keeps the numbers as they were: the old value of each setting that is new."
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


def upgrade() -> None:
    newest: dict[int, tuple[int, Any]] = {}
    for customer, version, document in _documents():
        _store(customer, version, _with_old_values(document))
        newest[customer] = version, document
    now = datetime.now(UTC)
    for customer in op.get_bind().execute(sa.text("SELECT id FROM customers ORDER BY id")).scalars().all():
        version, document = newest.get(customer, (0, {}))
        after, stated = _with_old_values(document), dict(_leaves(document))
        row = {
            "customer_id": customer,
            "version": version + 1,
            "document": after,
            "saved_by": _BY,
            "saved_at": now,
            "note": _NOTE,
            "changes": [
                {"path": path, "before": None, "after": value}
                for path, value in sorted(dict(_leaves(after)).items())
                if path not in stated
            ],
        }
        op.get_bind().execute(sa.insert(_versions).values(row))


def downgrade() -> None:
    """Removes settings that the older program does not know. The version that the upgrade added stays."""
    for customer, version, document in _documents():
        for path in _OLD:
            *parents, name = path.split(".")
            part = document
            for parent in parents:
                part = part.get(parent) if isinstance(part, dict) else None
            if isinstance(part, dict):
                part.pop(name, None)
        _store(customer, version, document)


def _documents() -> Iterator[tuple[int, int, Any]]:
    """Customer, version and document of all versions, older ones first."""
    found = op.get_bind().execute(
        sa.text(
            "SELECT customer_id, version, document FROM customer_settings_versions"
            " ORDER BY customer_id, version"
        )
    )
    for customer, version, stored in found.all():
        yield customer, version, json.loads(stored) if isinstance(stored, str) else stored


def _store(customer: int, version: int, document: Any) -> None:
    mine = sa.and_(_versions.c.customer_id == customer, _versions.c.version == version)
    op.get_bind().execute(sa.update(_versions).where(mine).values(document=document))


def _with_old_values(document: Any) -> Any:
    """A copy that states the old values wherever it says nothing. What is no section stays as it is."""
    result = json.loads(json.dumps(document))
    for path, value in _OLD.items():
        *parents, name = path.split(".")
        part = result
        for parent in parents:
            part = part.setdefault(parent, {}) if isinstance(part, dict) else None
        if isinstance(part, dict):
            part.setdefault(name, value)
    return result


def _leaves(document: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
