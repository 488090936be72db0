"""Accounts that no load has brought: they count as there before the first upload.

Their history is kept under version 0, which is no upload that anybody sees, so that a roll-back knows how
they were.
"""

from datetime import datetime

import sqlalchemy as sa

from kpi_platform.dashboard import tables
from kpi_platform.dashboard.uploads import BASELINE, open_upload
from kpi_platform.dashboard.versioned import ACCOUNTS, history_names

_accounts = tables.accounts
_UNRECORDED = _accounts.c.customer_id == sa.bindparam("customer"), _accounts.c.upload_version.is_(None)
_ANY_UNRECORDED = sa.select(sa.literal(1)).where(*_UNRECORDED).limit(1)


def has_unrecorded(connection: sa.Connection, customer_id: int) -> bool:
    """Whether the customer has accounts that neither an upload brought nor the baseline has."""
    return connection.execute(_ANY_UNRECORDED, {"customer": customer_id}).first() is not None


def record_baseline(connection: sa.Connection, customer_id: int, as_of: datetime) -> None:
    """Takes those accounts into the baseline."""
    uploads = tables.kpi_uploads
    known = sa.select(sa.literal(1)).where(
        uploads.c.customer_id == customer_id, uploads.c.version == BASELINE
    )
    if connection.execute(known).first() is None:
        open_upload(
            connection,
            customer_id,
            BASELINE,
            kind="baseline",
            as_of=as_of,
            current_as_of={},
            update_mode="upsert",
            data_source="combined",
            uploaded_by="kpi-platform",
        )
    key = sa.literal(customer_id), sa.literal(BASELINE)
    rows = sa.select(*key, *ACCOUNTS.selected(), sa.literal("baseline"), sa.literal(BASELINE))
    history = sa.insert(ACCOUNTS.history).from_select(history_names(ACCOUNTS), rows.where(*_UNRECORDED))
    recorded = sa.update(_accounts).where(*_UNRECORDED).values(upload_version=BASELINE)
    for statement in (history, recorded):
        connection.execute(statement, {"customer": customer_id})
