"""The stored versions of settings, for migrations that rewrite them: as the table is since revision 0001."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from kpi_platform.dashboard.types import JSON, UtcDateTime

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


def documents() -> Iterator[tuple[int, int, Any]]:
    """Customer, version and document of all versions, older ones first."""
    found = op.get_bind().execute(
        sa.text(
            "SELECT customer_id, version, document FROM customer_settings_versions"
            " ORDER BY customer_id, version"
        )
    )
    for customer, version, stored in found.all():
        yield customer, version, json.loads(stored) if isinstance(stored, str) else stored


def store(customer: int, version: int, document: Any) -> None:
    """Replaces the document of a version."""
    mine = sa.and_(_versions.c.customer_id == customer, _versions.c.version == version)
    op.get_bind().execute(sa.update(_versions).where(mine).values(document=document))


def add_version(
    customer: int, version: int, document: Any, note: str, changes: Sequence[dict[str, Any]]
) -> None:
    """Adds a version that the upgrade has saved."""
    row = {
        "customer_id": customer,
        "version": version,
        "document": document,
        "saved_by": "the upgrade",
        "saved_at": datetime.now(UTC),
        "note": note,
        "changes": changes,
    }
    op.get_bind().execute(sa.insert(_versions).values(row))
