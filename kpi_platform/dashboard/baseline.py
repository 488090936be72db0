"""Accounts that no load has brought: they count as there before the first upload.

Their history is kept under version 0, which is no upload that anybody sees, so that a roll-back knows how
they were.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.types import among_customers
from kpi_platform.dashboard.uploads import BASELINE, add_uploads, upload_row
from kpi_platform.dashboard.versioned import ACCOUNTS, history_names

_accounts = tables.accounts
_UNRECORDED = among_customers(_accounts.c.customer_id), _accounts.c.upload_version.is_(None)
_WITH_UNRECORDED = sa.select(_accounts.c.customer_id).where(*_UNRECORDED).distinct()


def record_baseline(connection: sa.Connection, customer_ids: Sequence[int], as_of: datetime) -> None:
    """Takes accounts of these customers that neither an upload brought nor the baseline has into it."""
    found = connection.execute(_WITH_UNRECORDED, {"customers": customer_ids}).scalars().all()
    if not found:
        return
    mine = {"customers": found}
    uploads = tables.kpi_uploads
    begun = sa.select(uploads.c.customer_id).where(
        among_customers(uploads.c.customer_id), uploads.c.version == BASELINE
    )
    new = set(found) - set(connection.execute(begun, mine).scalars())
    if new:
        about: dict[str, Any] = {
            "kind": "baseline",
            "as_of": as_of,
            "current_as_of": {},
            "update_mode": "upsert",
            "data_source": "combined",
            "uploaded_by": "kpi-platform",
        }
        add_uploads(connection, [upload_row(customer, BASELINE, **about) for customer in sorted(new)])
    key = _accounts.c.customer_id, sa.literal(BASELINE)
    rows = sa.select(*key, *ACCOUNTS.selected(), sa.literal(BASELINE), sa.literal("baseline"))
    history = sa.insert(ACCOUNTS.history).from_select(history_names(ACCOUNTS), rows.where(*_UNRECORDED))
    recorded = sa.update(_accounts).where(*_UNRECORDED).values(upload_version=BASELINE)
    for statement in (history, recorded):
        connection.execute(statement, mine)
