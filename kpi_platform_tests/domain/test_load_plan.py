"""The plan against an obvious model: a dictionary of what is shown, changed row by row."""

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.load_plan import Changes, OnDuplicate, Rows, differing, distinct, plan_changes

Cell = tuple[float | None, str]
Shown = dict[int, tuple[Cell, bool]]
"""Key → content, and whether it is retired."""

cells = st.tuples(st.none() | st.sampled_from([-0.0, 0.0, 1.5, 2.0]), st.sampled_from(["ok", "no_data"]))
keys = st.integers(0, 8)
incoming_rows = st.dictionaries(keys, cells)
shown_rows = st.dictionaries(keys, st.tuples(cells, st.booleans()))


def rows_of(content: dict[int, Cell]) -> Rows:
    ordered = sorted(content)
    values = [np.nan if content[key][0] is None else content[key][0] for key in ordered]
    columns = {
        "value": np.array(values, dtype=np.float64),
        "status": np.array([content[key][1] for key in ordered], dtype=object),
    }
    return Rows(np.array(ordered, dtype=np.int64), columns)


@dataclass
class Planned:
    changes: Changes
    after: Shown


def load(
    shown: Shown,
    incoming: dict[int, Cell],
    *,
    older: bool = False,
    same_time: bool = False,
    replace: bool = False,
    on_duplicate: OnDuplicate = "update",
) -> Planned:
    """Plans, and does to a dictionary what the plan says."""
    rows, current = rows_of(incoming), rows_of({key: cell for key, (cell, _) in shown.items()})
    retired = np.array([shown[key][1] for key in sorted(shown)], dtype=bool)
    changes = plan_changes(
        rows,
        current,
        compared=("value", "status"),
        retired=retired,
        older=np.full(len(rows), older),
        same_time=np.full(len(rows), same_time),
        replaceable=np.ones(len(current), dtype=bool) if replace and not older else None,
        on_duplicate=on_duplicate,
    )
    after = dict(shown)
    for position in (*changes.inserted, *changes.updated):
        key = int(rows.key[position])
        after[key] = (incoming[key], False)
    for position in changes.retired:
        key = int(current.key[position])
        after[key] = (after[key][0], True)
    return Planned(changes, after)


@given(shown_rows, incoming_rows, st.booleans())
def test_after_a_load_exactly_what_came_in_is_shown(
    shown: Shown, incoming: dict[int, Cell], replace: bool
) -> None:
    after = load(shown, incoming, replace=replace).after
    for key, cell in incoming.items():
        assert after[key] == (cell, False)
    for key in shown.keys() - incoming.keys():
        assert after[key] == (shown[key][0], shown[key][1] or replace)


@given(shown_rows, incoming_rows, st.booleans(), st.booleans(), st.sampled_from(["update", "skip", "error"]))
def test_applying_twice_equals_once(
    shown: Shown, incoming: dict[int, Cell], replace: bool, same_time: bool, policy: OnDuplicate
) -> None:
    options = {"replace": replace, "same_time": same_time, "on_duplicate": policy}
    once = load(shown, incoming, **options)  # type: ignore[arg-type]
    twice = load(once.after, incoming, **options)  # type: ignore[arg-type]
    assert twice.after == once.after
    assert not (len(twice.changes.inserted) or len(twice.changes.updated) or len(twice.changes.retired))


@given(shown_rows, incoming_rows)
def test_an_older_load_changes_nothing_that_is_shown(shown: Shown, incoming: dict[int, Cell]) -> None:
    planned = load(shown, incoming, older=True, replace=True)
    assert planned.after == shown
    assert len(planned.changes.older) == len(incoming)


@given(shown_rows, incoming_rows, st.sampled_from(["skip", "error"]))
def test_a_value_of_the_same_as_of_stays_where_duplicates_are_not_updated(
    shown: Shown, incoming: dict[int, Cell], policy: OnDuplicate
) -> None:
    planned = load(shown, incoming, same_time=True, on_duplicate=policy)
    for key in shown.keys() & incoming.keys():
        assert planned.after[key] == shown[key]


@given(shown_rows, incoming_rows, st.booleans(), st.booleans())
def test_every_incoming_row_is_accounted_for_once(
    shown: Shown, incoming: dict[int, Cell], older: bool, same_time: bool
) -> None:
    changes = load(shown, incoming, older=older, same_time=same_time, on_duplicate="skip").changes
    parts = np.concatenate((changes.inserted, changes.updated, changes.older, changes.duplicate))
    assert len(set(parts.tolist())) == len(parts)
    assert len(parts) + changes.unchanged == len(incoming)


@given(incoming_rows, incoming_rows)
def test_differing_rows_are_those_that_are_new_or_other(one: dict[int, Cell], other: dict[int, Cell]) -> None:
    rows = rows_of(one)
    found = {int(rows.key[position]) for position in differing(rows, rows_of(other), ("value", "status"))}
    assert found == {key for key, cell in one.items() if key not in other or other[key] != cell}


repeated_rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), cells), max_size=12)


@given(st.data(), repeated_rows, st.sampled_from(["update", "skip", "error"]))
def test_the_order_of_rows_does_not_matter(
    data: st.DataObject, rows: list[tuple[int, int, Cell]], policy: OnDuplicate
) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert chosen(rows, policy) == chosen(shuffled, policy)


@given(repeated_rows, st.sampled_from(["update", "skip"]))
def test_of_rows_with_one_key_the_last_or_the_first_in_order_wins(
    rows: list[tuple[int, int, Cell]], policy: OnDuplicate
) -> None:
    winners, clashing = chosen(rows, policy)
    best = max if policy == "update" else min
    for key in {key for key, _, _ in rows}:
        order = best(order for k, order, _ in rows if k == key)
        assert winners[key] in {content(cell) for k, o, cell in rows if (k, o) == (key, order)}
    different = {key for key, _, cell in rows if content(cell) != winners[key]}
    assert {key for key, _ in clashing} == different


def chosen(
    rows: list[tuple[int, int, Cell]], policy: OnDuplicate
) -> tuple[dict[int, str], list[tuple[int, str]]]:
    key = np.array([key for key, _, _ in rows], dtype=np.int64)
    order = np.array([order for _, order, _ in rows], dtype=np.int64)
    columns = {
        "value": np.array([np.nan if c[0] is None else c[0] for _, _, c in rows], dtype=np.float64),
        "status": np.array([c[1] for _, _, c in rows], dtype=object),
    }
    found = distinct(key, columns, order, policy)
    assert np.all(np.diff(key[found.rows]) > 0)
    winners = {rows[position][0]: content(rows[position][2]) for position in found.rows}
    return winners, sorted((rows[position][0], content(rows[position][2])) for position in found.clashing)


def content(cell: Cell) -> str:
    """Zero is zero, whatever its sign."""
    return repr(cell).replace("-0.0", "0.0")
