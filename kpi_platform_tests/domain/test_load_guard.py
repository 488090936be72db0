"""When a load would do harm, and when it is only unusual."""

from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.load_guard import KpiProfile, LoadProfile, anomalies, harms

BOTH = {"salesforce": ["nps", "csat"], "servicenow": ["resolution_time"]}


def profile(accounts: int, values: int | None = None, median: float = 40.0) -> LoadProfile:
    ids = tuple(f"a{number}" for number in range(min(accounts, 100)))
    number = accounts if values is None else values
    one = KpiProfile(number, median if number else None)
    return LoadProfile(accounts, ids, {"nps": one, "csat": one, "resolution_time": one})


def present(accounts: int) -> set[str]:
    return {f"a{number}" for number in range(accounts)}


def test_most_of_the_accounts_gone_is_harm() -> None:
    [reason] = harms(profile(50), profile(10, values=50), present(10), BOTH)
    assert reason == "80% of the 50 accounts of the load before are gone; this one has 10."


def test_as_many_accounts_that_are_all_others_are_harm() -> None:
    others = {f"b{number}" for number in range(50)}
    assert harms(profile(50), profile(50), others, BOTH)


def test_all_values_of_one_source_gone_is_harm_and_only_its() -> None:
    now = profile(50)
    now = LoadProfile(50, now.sample, {**now.kpis, "resolution_time": KpiProfile(0, None)})
    assert harms(profile(50), now, present(50), BOTH) == ["100% of the 50 servicenow values are gone."]
    assert not harms(profile(50), now, present(50), {"salesforce": BOTH["salesforce"]})


def test_a_customer_of_four_accounts_may_lose_them() -> None:
    assert not harms(profile(4, values=3), profile(1, values=1), present(1), BOTH)


@given(st.integers(0, 300), st.integers(0, 300))
def test_growth_is_never_harm_nor_is_the_same_again(before: int, more: int) -> None:
    assert not harms(profile(before), profile(before + more), present(before + more), BOTH)


@given(st.integers(0, 120), st.integers(0, 120))
def test_a_profile_comes_back_from_its_document(accounts: int, values: int) -> None:
    one = profile(accounts, values)
    assert LoadProfile.parse(one.document()) == one


def test_row_counts_are_unusual_beside_their_history_alone() -> None:
    steady = [profile(100), profile(101), profile(99), profile(100)]
    assert not anomalies(steady, profile(110))
    assert anomalies(steady, profile(180))[0].text == "180 accounts; usual are 100."
    restless = [profile(100), profile(160), profile(60), profile(130)]
    assert not anomalies(restless, profile(180))
    assert not anomalies(steady[:2], profile(180))


def test_a_value_jump_is_a_median_that_grew_threefold_or_changed_its_sign() -> None:
    def jumps(before: float, now: float) -> list[str]:
        found = anomalies([profile(50, median=before)], profile(50, median=now))
        return [one.text for one in found if one.check == "value_jumps"]

    assert jumps(40, 4)[0] == "The median of nps went from 40 to 4."
    assert not jumps(40, 20)
    assert jumps(5, -5)
    assert not jumps(0, 5)


def test_a_load_of_one_source_keeps_what_was_known_of_the_other() -> None:
    one = LoadProfile(3, ("a",), {"nps": KpiProfile(1, 2.0)})
    assert set(one.with_rest_of(profile(3)).kpis) == {"nps", "csat", "resolution_time"}
    assert one.with_rest_of(profile(3)).kpis["nps"].median == 2.0
