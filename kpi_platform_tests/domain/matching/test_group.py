"""Grouping the parties of one list."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.matching.group import GROUPING, group_parties
from kpi_platform.domain.matching.party import MatchPolicy, Party

WORDS = ["alpha", "alfa", "berlin", "bank", "group", "kirbo", "kirba", "1", "2"]
parties = st.lists(st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join), max_size=10).map(
    lambda names: [Party(f"p{i}", name, frozenset({f"{name[:1]}.com"})) for i, name in enumerate(names)]
)
policies = st.sampled_from([MatchPolicy(), GROUPING, MatchPolicy("exact"), MatchPolicy("domain")])


@given(parties, policies, st.randoms(use_true_random=False))
def test_every_party_is_in_one_group_named_by_its_first_id_whatever_the_order(
    listed: list[Party], policy: MatchPolicy, chance: random.Random
) -> None:
    groups = group_parties(listed, policy)
    assert set(groups) == {party.id for party in listed}
    for group in set(groups.values()):
        assert group == min(id_ for id_, other in groups.items() if other == group)
    shuffled = list(listed)
    chance.shuffle(shuffled)
    assert group_parties(shuffled, policy) == groups


def test_spellings_of_one_company_come_together_and_siblings_do_not() -> None:
    names = [
        "Kirbo Foods Ltd",
        "KIRBO FOODS",
        "Kirbo Fods Inc",
        "Kirbo Steel",
        "Fund 1",
        "Fund 2",
        "???",
        "!!!",
    ]
    groups = group_parties([Party(str(i), name) for i, name in enumerate(names)])
    assert groups == {"0": "0", "1": "0", "2": "0", "3": "3", "4": "4", "5": "5", "6": "6", "7": "7"}


def test_by_domain_whoever_shares_one_is_in_one_group() -> None:
    rows = [("a", {"x.com"}), ("b", {"x.com", "y.com"}), ("c", {"y.com"}), ("d", {"z.com"}), ("e", set())]
    listed = [Party(id_, id_, frozenset(own)) for id_, own in rows]
    assert group_parties(listed, MatchPolicy("domain")) == {"a": "a", "b": "a", "c": "a", "d": "d", "e": "e"}


def test_ids_must_be_unique() -> None:
    with pytest.raises(InvalidInput, match="'p' comes more than once"):
        group_parties([Party("p", "a"), Party("p", "b")])
