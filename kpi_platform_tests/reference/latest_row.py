"""The rows that exist, and the one of several rows of a key that counts."""

from collections.abc import Callable, Iterable

from kpi_platform_tests.reference.tables import Row, Table
from kpi_platform_tests.reference.values import flag, moment, unreadable

_NEVER = -(2**63)


def is_live(row: Row) -> bool:
    """ "Rows deleted at the source do not exist: Salesforce `is_deleted`; anything with `_fivetran_deleted`;
    history mode keeps `coalesce(_fivetran_active, true)`. These columns may be absent." """
    deleted = flag(row["is_deleted"]) or flag(row["_fivetran_deleted"])
    return not deleted and flag(row["_fivetran_active"]) is not False


def unreadable_flag(row: Row) -> bool:
    """ "B4 flags. The row is u of every KPI that would read it" """
    return any(
        unreadable(flag, row[name]) for name in ("is_deleted", "_fivetran_deleted", "_fivetran_active")
    )


def latest_rows(
    table: Table | None, primary_key: str, key_of: Callable[[object], str | None]
) -> dict[str, Row]:
    """ "Drop deleted and inactive rows, then keep the whole row with the newest `_fivetran_synced`, then
    `_fivetran_start`, then id." Rows without a key are left out."""
    winners: dict[str, Row] = {}
    for row in _live(table):
        key = key_of(row[primary_key])
        if key is not None and (
            key not in winners or rank(row, primary_key) > rank(winners[key], primary_key)
        ):
            winners[key] = row
    return winners


def _live(table: Table | None) -> Iterable[Row]:
    return () if table is None else (row for row in table.rows if is_live(row))


def rank(row: Row, primary_key: str) -> tuple[int, int, str]:
    """The greatest is the latest of the rows of one key."""
    synced, start = moment(row["_fivetran_synced"]), moment(row["_fivetran_start"])
    return (
        _NEVER if synced is None else synced,
        _NEVER if start is None else start,
        str(row[primary_key]),
    )
