"""Matching the parties of two lists: what always holds, and what goes to review."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.matching.match import match_parties
from kpi_platform.domain.matching.party import Match, MatchPolicy, Party

FUZZY = MatchPolicy()
EXACT = MatchPolicy("exact")
DOMAIN = MatchPolicy("domain")
WORDS = ["alpha", "alfa", "berlin", "boston", "bank", "group", "kirbo", "kirba", "1", "2", "services"]
texts = st.lists(st.sampled_from(WORDS), min_size=0, max_size=3).map(" ".join)
domains = st.frozensets(st.sampled_from(["a.com", "b.com", "c.com"]), max_size=2)
policies = st.sampled_from([FUZZY, EXACT, DOMAIN, MatchPolicy("fuzzy", 0.6, 0.3)])


def parties(prefix: str) -> st.SearchStrategy[list[Party]]:
    rows = st.lists(st.tuples(texts, domains), max_size=8)
    return rows.map(lambda rows: [Party(f"{prefix}{i}", name, own) for i, (name, own) in enumerate(rows)])


def by_left(matches: list[Match]) -> dict[str, Match]:
    return {match.left_id: match for match in matches}


@given(parties("l"), parties("r"), policies)
def test_every_left_party_has_one_row_and_no_right_party_two(
    left: list[Party], right: list[Party], policy: MatchPolicy
) -> None:
    matches = match_parties(left, right, policy)
    assert [match.left_id for match in matches] == [party.id for party in left]
    given_away = [match.right_id for match in matches if match.right_id is not None]
    assert len(given_away) == len(set(given_away))
    for match in matches:
        assert 0.0 <= match.score <= 1.0
        assert (match.decision == "none") == (match.method == "none")
        assert match.right_id is not None or match.decision != "match"
        if match.decision == "match":
            assert match.score >= policy.threshold
        if match.decision == "review":
            assert match.score >= policy.review_threshold


@given(parties("l"), parties("r"), policies, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(
    left: list[Party], right: list[Party], policy: MatchPolicy, chance: random.Random
) -> None:
    before = by_left(match_parties(left, right, policy))
    shuffled_left, shuffled_right = list(left), list(right)
    chance.shuffle(shuffled_left)
    chance.shuffle(shuffled_right)
    assert by_left(match_parties(shuffled_left, shuffled_right, policy)) == before


@given(parties("l"), parties("r"), policies, st.data())
def test_known_always_wins_and_rejected_never_returns(
    left: list[Party], right: list[Party], policy: MatchPolicy, data: st.DataObject
) -> None:
    rights = [party.id for party in right]
    known = {
        party.id: data.draw(st.sampled_from(rights)) for party in left if rights and data.draw(st.booleans())
    }
    rejected = frozenset((party.id, other) for party in left for other in rights if data.draw(st.booleans()))
    matches = match_parties(left, right, policy, known=known, rejected=rejected)
    for match in matches:
        if match.left_id in known:
            assert (match.right_id, match.method, match.decision) == (known[match.left_id], "id", "match")
        else:
            assert (match.left_id, match.right_id) not in rejected
            assert match.right_id not in known.values()
            assert all((match.left_id, each.right_id) not in rejected for each in match.candidates)


def test_a_known_party_that_is_gone_is_matched_anew() -> None:
    (match,) = match_parties([Party("l", "Kirbo")], [Party("r", "Kirbo")], FUZZY, known={"l": "gone"})
    assert (match.right_id, match.method) == ("r", "exact")


def test_the_best_pair_is_assigned_first_and_the_loser_is_told() -> None:
    left = [Party("l1", "Kirbo Srvices"), Party("l2", "Kirbo Services")]
    matches = by_left(match_parties(left, [Party("r", "Kirbo Services Ltd")], FUZZY))
    assert (matches["l2"].right_id, matches["l2"].decision) == ("r", "match")
    assert matches["l1"].right_id is None
    assert "was given to 'Kirbo Services' (l2)" in matches["l1"].reason


def test_two_right_parties_of_one_name_go_to_review() -> None:
    right = [Party("r1", "Acme Ltd"), Party("r2", "Acme GmbH")]
    (match,) = match_parties([Party("l", "Acme")], right, FUZZY)
    assert (match.right_id, match.decision, match.score) == ("r1", "review", 1.0)
    assert [each.right_id for each in match.candidates] == ["r1", "r2"]
    assert "(r2) is as near" in match.reason


def test_two_left_parties_of_one_name_go_to_review() -> None:
    left = [Party("l1", "Acme Inc"), Party("l2", "Acme Ltd")]
    matches = by_left(match_parties(left, [Party("r", "Acme")], FUZZY))
    assert [matches["l1"].decision, matches["l2"].decision] == ["review", "review"]
    assert [matches["l1"].right_id, matches["l2"].right_id] == ["r", None]


@pytest.mark.parametrize(
    "hint", [{"city": "Boston"}, {"country": "France"}, {"domains": frozenset({"acme.com"})}]
)
def test_city_country_and_domain_break_a_tie(hint: dict[str, object]) -> None:
    left = [Party("l", "Acme", **hint)]  # type: ignore[arg-type]
    right = [Party("r1", "Acme Ltd"), Party("r2", "Acme GmbH", **hint)]  # type: ignore[arg-type]
    (match,) = match_parties(left, right, FUZZY)
    assert (match.right_id, match.decision) == ("r2", "match")


def test_the_legal_form_breaks_a_tie() -> None:
    rights = [Party("r1", "CARNIVAL PLC"), Party("r2", "CARNIVAL CORP")]
    [match] = match_parties([Party("l", "Carnival Corporation")], rights, MatchPolicy())
    assert (match.right_id, match.decision) == ("r2", "match")
    [match] = match_parties([Party("l", "Carnival")], rights, MatchPolicy())
    assert match.decision == "review"


def test_what_a_company_is_known_by_finds_it_where_no_other_begins_so() -> None:
    rights = [
        Party("r1", "Costco Wholesale Corp /NEW"),
        Party("r2", "Delta Air Lines"),
        Party("r3", "Delta Foods"),
    ]
    costco, delta = match_parties([Party("l1", "Costco"), Party("l2", "Delta")], rights, MatchPolicy())
    assert (costco.right_id, costco.decision) == ("r1", "match")
    assert delta.right_id is None


def test_between_the_thresholds_a_pair_goes_to_review_with_a_reason_in_words() -> None:
    right = [Party("r", "Banco Santander Chile S.A.")]
    (match,) = match_parties([Party("l", "Banco Santander")], right, FUZZY)
    assert (match.decision, match.right_id, match.method) == ("review", "r", "fuzzy")
    assert match.reason == "similar name: '' here, 'chile' there"


def test_the_exact_strategy_takes_normal_forms_and_nothing_similar() -> None:
    right = [Party("r1", "Kirbo Services Limited"), Party("r2", "Lenmar Foods")]
    left = [Party("l1", "The Kirbo Svcs"), Party("l2", "Lenmer Foods")]
    matches = by_left(match_parties(left, right, EXACT))
    assert (matches["l1"].right_id, matches["l1"].method) == ("r1", "exact")
    assert matches["l2"].decision == "none"


def test_a_domain_that_both_alone_have_is_a_match_whatever_the_names() -> None:
    left = [Party("l", "International Business Machines", frozenset({"ibm.com"}))]
    right = [Party("r", "Big Blue", frozenset({"ibm.com"})), Party("r2", "Other", frozenset({"other.com"}))]
    (match,) = match_parties(left, right, DOMAIN)
    assert (match.right_id, match.method, match.decision) == ("r", "domain", "match")


def test_where_several_share_a_domain_the_name_decides() -> None:
    shared = frozenset({"kirbo.com"})
    left = [Party("l1", "Kirbo Foods", shared), Party("l2", "Kirbo Steel", shared)]
    right = [Party("r1", "Kirbo Steel Ltd", shared), Party("r2", "Kirbo Foods Ltd", shared)]
    matches = by_left(match_parties(left, right, DOMAIN))
    assert (matches["l1"].right_id, matches["l2"].right_id) == ("r2", "r1")
    assert matches["l1"].decision == "match"


def test_by_domain_same_names_match_only_if_no_domains_contradict() -> None:
    left = [Party("l1", "Kirbo"), Party("l2", "Lenmar", frozenset({"lenmar.de"}))]
    right = [Party("r1", "Kirbo", frozenset({"kirbo.com"})), Party("r2", "Lenmar", frozenset({"lenmar.fr"}))]
    matches = by_left(match_parties(left, right, DOMAIN))
    assert (matches["l1"].right_id, matches["l1"].method) == ("r1", "exact")
    assert matches["l2"].decision == "none"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("IBM", "International Business Machines"),
        ("International Business Machines", "IBM"),
        ("American Express", "American Express Global Business Travel"),
        ("Lindt Foods Canada", "Linde Foods Canada"),
    ],
)
def test_names_that_may_be_two_are_proposed_for_review(name: str, other: str) -> None:
    rights = [Party("r", other), Party("s", "Zelmo Foods")]
    (match,) = match_parties([Party("l", name)], rights, FUZZY)
    assert (match.right_id, match.decision) == ("r", "review")


def test_an_acronym_of_two_names_proposes_neither() -> None:
    rights = [Party("r", "National Mining Association"), Party("s", "National Motorists Association")]
    (match,) = match_parties([Party("l", "NMA")], rights, FUZZY)
    assert match.right_id is None


@pytest.mark.parametrize("hint", [{"city": "Basel"}, {"country": "US"}, {"domains": frozenset({"amex.com"})}])
def test_a_domain_city_or_country_in_common_settles_a_doubt(hint: dict[str, object]) -> None:
    left = [Party("l", "American Express", **hint)]  # type: ignore[arg-type]
    right = [Party("r", "American Express Global Business Travel", **hint)]  # type: ignore[arg-type]
    (match,) = match_parties(left, right, FUZZY)
    assert (match.right_id, match.decision) == ("r", "match")


@pytest.mark.parametrize("policy", [FUZZY, EXACT])
def test_the_same_name_with_another_domain_in_another_city_goes_to_review(policy: MatchPolicy) -> None:
    left = [Party("l", "Kirbo", frozenset({"kirbo.com"}), city="Boston")]
    elsewhere = Party("r", "Kirbo Ltd", frozenset({"kirbo.de"}), city="Berlin")
    (match,) = match_parties(left, [elsewhere], policy)
    assert (match.right_id, match.decision) == ("r", "review")
    assert "their domains and cities differ" in match.reason
    (match,) = match_parties(left, [Party("r", "Kirbo Ltd", frozenset({"kirbo.de"}))], policy)
    assert match.decision == "match"


def test_a_similar_name_with_another_domain_goes_to_review() -> None:
    left = [Party("l", "Kirbo Servces", frozenset({"kirbo.com"}))]
    (match,) = match_parties(left, [Party("r", "Kirbo Services", frozenset({"kirbo.de"}))], FUZZY)
    assert (match.right_id, match.decision) == ("r", "review")


def test_by_name_a_domain_of_their_own_joins_what_is_alike_and_proposes_the_rest() -> None:
    left = [Party("l1", "Kirbo", frozenset({"kirbo.com"})), Party("l2", "Big Blue", frozenset({"ibm.com"}))]
    right = [
        Party("r1", "Kirbo Foods", frozenset({"kirbo.com"})),
        Party("r2", "Kirbo Steel"),
        Party("r3", "Lenmar", frozenset({"ibm.com"})),
    ]
    first, second = match_parties(left, right, FUZZY)
    assert (first.right_id, first.decision) == ("r1", "match")
    assert (second.right_id, second.decision) == ("r3", "review")


def test_names_without_letters_match_nothing() -> None:
    (match,) = match_parties([Party("l", "???")], [Party("r", "???")], FUZZY)
    assert match.decision == "none"


def test_ids_must_be_unique_on_either_side() -> None:
    with pytest.raises(InvalidInput, match="'r' comes more than once on the right side"):
        match_parties([], [Party("r", "a"), Party("r", "b")], FUZZY)


def test_a_policy_refuses_unknown_strategies_and_crossed_thresholds() -> None:
    with pytest.raises(InvalidInput, match="not a matching strategy"):
        MatchPolicy("guess")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="do not fit"):
        MatchPolicy("fuzzy", 0.5, 0.7)
