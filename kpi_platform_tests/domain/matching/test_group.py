"""Grouping the parties of one list."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.matching.group import GROUPING, group_parties
from kpi_platform.domain.matching.party import MatchPolicy, Party
from kpi_platform_tests.calibration.organisations import organisations

WORDS = ["alpha", "alfa", "berlin", "bank", "group", "kirbo", "kirba", "1", "2"]
CHAIN = ["Kirbo", "Lenmar", "Zelmo", "Tovexi", "Darfin", "Quorum"]
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


@given(parties, st.randoms(use_true_random=False))
def test_a_name_that_has_nothing_to_do_with_the_others_changes_no_group(
    listed: list[Party], chance: random.Random
) -> None:
    groups = group_parties(listed)
    stranger = Party("z", "Qwyxuv Mmmmmm", frozenset())
    assert group_parties([*listed, stranger]) == groups | {"z": "z"}


def grouped(*names: str, threshold: float = GROUPING.threshold) -> set[frozenset[str]]:
    """The groups of names that differ."""
    policy = MatchPolicy("fuzzy", threshold, min(threshold, 0.3))
    groups = group_parties([Party(name, name) for name in names], policy)
    return {frozenset(name for name in names if groups[name] == group) for group in groups.values()}


@pytest.mark.parametrize(
    "names",
    [
        ("Bayer Canada", "Bayer Corporation", "Bayer (Schweiz) AG"),
        ("Meta Platforms Inc", "Facebook, Inc.", "Meta Platforms, Inc. (formerly Facebook, Inc.)"),
        ("1234567 Canada Inc. operating as Hillside Dairy", "Hillside Dairy"),
        ("Kirbo Foods", "Kirbo Foods Ltd., c/o Lenmar Advisors LLP"),
        ("Zelmo Engines, a division of Kirbo Motors", "Kirbo Motors", "Zelmo Engines"),
        ("Canadian Bankers Association (CBA)", "CBA", "CBA - Canadian Bankers Association"),
        ("International Business Machines", "IBM"),
        ("Swedish Airline Association", "Airline Association of Sweden"),
        ("Greek Toy Association - Brussels Office", "Greek Toy Assoc."),
    ],
)
def test_names_of_one_holder_are_one_group(names: tuple[str, ...]) -> None:
    assert grouped(*names) == {frozenset(names)}


@pytest.mark.parametrize(
    "names",
    [
        ("Lindt Canada", "Linde Canada"),
        ("Tesa", "Tesla"),
        ("Vita", "Vitra"),
        ("Dutch Dairy Association", "Dutch Payments Association", "Dutch Toy Association"),
        ("Bank of Canada", "Bank of Chile", "Bank of China"),
        ("University of York", "York State University"),
        ("Royal Bank of Canada", "Royal Bank of Scotland"),
        ("Air Canada", "Air France"),
        ("Mining Association (NMA)", "National Motorists Association (NMA)", "NMA"),
        ("Kirbo Foods c/o Lenmar Advisors LLP", "Zelmo Steel c/o Lenmar Advisors LLP", "Lenmar Advisors LLP"),
    ],
)  # fmt: skip
def test_names_of_different_holders_are_groups_of_their_own(names: tuple[str, ...]) -> None:
    assert grouped(*names) == {frozenset([name]) for name in names}


def test_a_chain_of_neighbours_does_not_become_a_group() -> None:
    names = [f"{word} {other} Services" for word, other in itertools.pairwise(CHAIN)]
    assert max(map(len, grouped(*names))) <= 2


def test_a_lower_threshold_joins_what_a_higher_one_leaves_open() -> None:
    names = [name for name, _ in organisations("train", 2)[:300]]
    sizes = [len(grouped(*names, threshold=threshold)) for threshold in (0.1, 0.3, 0.7)]
    assert sizes == sorted(set(sizes))


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
