"""Taking uploads back.

The history holds every change of what was shown, roll-backs included. So the state after an upload is, of
every key, the newest change that is no later; rows that went to the history alone never were shown.
"""

from typing import Any

import sqlalchemy as sa

from kpi_platform.dashboard import tables, uploads
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.peers import keep_peers
from kpi_platform.dashboard.uploads import BASELINE, Upload
from kpi_platform.dashboard.versioned import (
    ACCOUNTS,
    FAMILIES,
    VALUES,
    Family,
    apply_staged,
    record_staged,
    staged_names,
    staging,
)
from kpi_platform.domain.errors import Conflict

_uploads = tables.kpi_uploads


def rollback(
    connection: sa.Connection, customer: str, version: int, *, who: str, run_id: str | None = None
) -> Upload:
    """Takes upload `version` back, and with it all later ones: the dashboard shows again exactly what it
    showed before it. This is a new upload, which can be taken back in turn.

    Accounts that only those uploads brought are retired. Raises NotFound for an unknown version and Conflict
    for one that is taken back already.
    """
    customer_id = get_customer(connection, customer).id
    uploads.lock_uploads(connection, [customer_id])
    target = uploads.get_upload(connection, customer, version)
    everything = sorted(uploads.list_uploads(connection, customer), key=lambda one: one.version)
    if target.status == "taken_back":
        raise Conflict(
            f"Upload {version} of '{customer}' is taken back already.",
            next_step=f"List the uploads: kpi-platform uploads list {customer}",
        )
    before = next((one for one in reversed(everything) if one.version < version), None)
    new = everything[-1].version + 1
    row = uploads.upload_row(
        customer_id,
        new,
        kind="rollback",
        took_back=version,
        as_of=(before or target).as_of,
        current_as_of=before.current_as_of if before else {},
        update_mode=(before or target).update_mode,
        data_source="combined",
        settings_version=before.settings_version if before else None,
        run_id=run_id,
        uploaded_by=who,
    )
    uploads.add_uploads(connection, [row])
    counts: dict[str, int] = {}
    for family in FAMILIES:
        restored, removed = _restore(connection, family, customer_id, version, new)
        if family is ACCOUNTS:
            counts |= {"accounts_updated": restored, "accounts_retired": removed}
        elif family is VALUES:
            counts |= {"kpis_updated": restored, "kpis_retired": removed}
    _mark(connection, customer_id, everything, version, new)
    keep_peers(connection, [customer_id])
    uploads.update_upload(connection, customer_id, new, **uploads.closing(counts, [], None))
    uploads.note_end(connection, [(customer_id, new)])
    return uploads.get_upload(connection, customer, new)


def _restore(
    connection: sa.Connection, family: Family, customer_id: int, version: int, new: int
) -> tuple[int, int]:
    """Brings the current rows back to what they were before `version`. Returns how many rows got an earlier
    state, and how many had none and are gone."""
    history, current = family.history, family.current
    touched = (
        sa.select(*(history.c[name] for name in family.key))
        .where(_changes(family, customer_id), history.c.upload_version >= version)
        .distinct()
    )
    mine = current.c.customer_id == customer_id
    current_key = sa.tuple_(*(family.current_key(name) for name in family.key))
    with staging(connection, family, "restored") as earlier, staging(connection, family, "removed") as gone:
        names = [*family.key, *family.state, "brought_by"]
        upload = sa.literal(customer_id), sa.literal(new)
        state = _state_after(family, customer_id, version - 1, "earlier", touched)
        before = sa.select(*upload, *(state.c[name] for name in names))
        connection.execute(sa.insert(earlier).from_select(staged_names(family), before))
        earlier_key = sa.select(*(earlier.c[name] for name in family.key))
        # The same upload brought what is shown and what was shown before: nothing to do.
        as_it_is = (
            sa.select(sa.literal(1))
            .where(mine, *(family.current_key(n) == earlier.c[n] for n in family.key))
            .where(current.c.upload_version == earlier.c.brought_by)
        )
        lost = sa.select(*upload, *family.selected(), sa.literal(new)).where(
            mine, current_key.in_(touched), current_key.not_in(earlier_key)
        )
        connection.execute(sa.insert(gone).from_select(staged_names(family), lost))
        connection.execute(sa.delete(earlier).where(as_it_is.exists()))
        restored, removed = _count(connection, earlier), _count(connection, gone)
        if family is ACCOUNTS:
            _retire_new(connection, gone, customer_id, version)
        else:
            record_staged(connection, family, gone, "removed")
            gone_key = sa.select(*(gone.c[name] for name in family.key))
            connection.execute(sa.delete(current).where(mine, current_key.in_(gone_key)))
        absent = [earlier.c[name] for name in names]
        shown = sa.select(*(family.current_key(name) for name in family.key)).where(mine)
        missing = sa.select(sa.literal(customer_id), *absent).where(
            sa.tuple_(*(earlier.c[name] for name in family.key)).not_in(shown)
        )
        apply_staged(connection, family, earlier, [customer_id], "restored")
        if family is not ACCOUNTS:
            target = ["customer_id", *family.key, *family.state, "upload_version"]
            connection.execute(sa.insert(current).from_select(target, missing))
    return restored, removed


def _retire_new(connection: sa.Connection, gone: sa.Table, customer_id: int, version: int) -> None:
    """An account may be known to decisions and histories, so it is retired instead of removed."""
    as_of = sa.select(_uploads.c.as_of).where(
        _uploads.c.customer_id == customer_id, _uploads.c.version == version
    )
    connection.execute(sa.update(gone).values(retired_at=as_of.scalar_subquery()))
    apply_staged(connection, ACCOUNTS, gone, [customer_id], "retired")


def _changes(family: Family, customer_id: int) -> sa.ColumnElement[bool]:
    history = family.history
    return sa.and_(history.c.customer_id == customer_id, history.c.change != "history_only")


def _state_after(
    family: Family, customer_id: int, version: int, name: str, keys: sa.Select[Any] | None = None
) -> sa.Subquery:
    """Returns what was shown after `version`: key, state and the upload that brought it."""
    history = family.history
    key = [history.c[one] for one in family.key]
    position = sa.func.row_number().over(partition_by=key, order_by=history.c.upload_version.desc())
    ranked = sa.select(history, position.label("position")).where(
        history.c.customer_id == customer_id,
        history.c.change != "history_only",
        history.c.upload_version <= version,
    )
    if keys is not None:
        ranked = ranked.where(sa.tuple_(*key).in_(keys))
    rows = ranked.subquery()
    names = (*family.key, *family.state, "brought_by")
    newest = sa.select(*(rows.c[one] for one in names))
    return newest.where(rows.c.position == 1, rows.c.change != "removed").subquery(name)


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def _mark(
    connection: sa.Connection, customer_id: int, everything: list[Upload], version: int, new: int
) -> None:
    """Says of each upload whether it still counts: those that counted before `version`, and the new one."""
    counting: dict[int, frozenset[int]] = {BASELINE: frozenset({BASELINE})}
    for one in everything:
        base = counting[one.version - 1] if one.took_back is None else counting[one.took_back - 1]
        counting[one.version] = base | {one.version}
    applied = counting[version - 1] | {new}
    for status, chosen in (
        ("applied", _uploads.c.version.in_(applied)),
        ("taken_back", _uploads.c.version.not_in(applied)),
    ):
        update = sa.update(_uploads).where(
            _uploads.c.customer_id == customer_id, chosen, _uploads.c.status != status
        )
        connection.execute(update.values(status=status))
