"""Two people change the same settings, and nobody's change is lost or taken back unseen."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.settings import CustomerSettings, settings_kinds, value_at
from kpi_platform.domain.settings.merging import Clash, merge_settings

WHOLE = CustomerSettings().document()
PATHS = tuple(path for path in settings_kinds() if path != "custom_kpis")
edits = st.dictionaries(st.sampled_from(PATHS), st.integers(0, 3), max_size=8)
kpis = st.dictionaries(
    st.sampled_from("abc"), st.fixed_dictionaries({"name": st.integers(0, 2), "unit": st.integers(0, 2)})
)


def edited(document: dict[str, Any], changes: dict[str, int]) -> dict[str, Any]:
    """A copy with other values; which types they have is nothing that the merge cares about."""
    result = {key: dict(value) if isinstance(value, dict) else value for key, value in document.items()}
    for path, value in changes.items():
        *parents, name = path.split(".")
        part = result
        for parent in parents:
            part[parent] = dict(part[parent])
            part = part[parent]
        part[name] = value
    return result


def with_kpis(definitions: dict[str, dict[str, int]]) -> dict[str, Any]:
    return {"custom_kpis": [{"slug": slug, **one} for slug, one in definitions.items()]}


def flat(document: dict[str, Any]) -> dict[tuple[str, str], Any]:
    return {(one["slug"], key): value for one in document["custom_kpis"] for key, value in one.items()}


@given(edits, edits, edits)
def test_what_one_side_left_alone_is_as_the_other_has_it(
    before: dict[str, int], others: dict[str, int], own: dict[str, int]
) -> None:
    base = edited(WHOLE, before)
    theirs, mine = edited(base, others), edited(base, own)
    merged = merge_settings(base, theirs, mine)
    clashing = {clash.path: clash for clash in merged.clashes}
    for path in PATHS:
        was, their, my, now = (value_at(one, path) for one in (base, theirs, mine, merged.document))
        if my in (was, their):
            assert now == their, path
        elif their == was:
            assert now == my, path
        else:
            assert (now, clashing.pop(path)) == (their, Clash(path, their, my))
    assert clashing == {}


@given(kpis, kpis, kpis)
def test_custom_kpis_merge_by_their_slugs_whatever_their_order(
    before: dict[str, Any], others: dict[str, Any], own: dict[str, Any]
) -> None:
    base, theirs, mine = with_kpis(before), with_kpis(others), with_kpis(own)
    merged = merge_settings(base, theirs, mine)
    if merged.clashes:
        return
    was, their, my, now = (flat(one) for one in (base, theirs, mine, merged.document))
    for place in {*was, *their, *my}:
        assert now.get(place) == (their if my.get(place) == was.get(place) else my).get(place)


@given(edits, edits)
def test_whoever_is_alone_saves_what_was_typed(before: dict[str, int], own: dict[str, int]) -> None:
    base = edited(WHOLE, before)
    mine = edited(base, own)
    merged = merge_settings(base, base, mine)
    assert (merged.document, merged.clashes) == (mine, ())


def test_what_nobody_has_decided_on_is_asked_again() -> None:
    mine = edited(WHOLE, {"error_handling.max_retries": 9})
    merged = merge_settings(WHOLE, WHOLE, mine, ["error_handling.max_retries"])
    theirs = WHOLE["error_handling"]["max_retries"]
    assert merged.clashes == (Clash("error_handling.max_retries", theirs, 9),)
