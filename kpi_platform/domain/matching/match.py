"""Match the accounts of the source with those of the dashboard: one row per left party."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.matching.evidence import Names, Pair, domain_pairs, exact_pairs, fuzzy_pairs
from kpi_platform.domain.matching.party import Candidate, Match, MatchPolicy, Party

TOO_CLOSE = 0.05
"""A candidate this near to the best one makes the match a question for a person."""
LEAST_SHOWN = 0.30
MOST_SHOWN = 5
"""Candidates from this score on are shown with a match, and how many."""

_NOTHING_KNOWN: Mapping[str, str] = {}


def match_parties(
    left: Sequence[Party],
    right: Sequence[Party],
    policy: MatchPolicy,
    *,
    known: Mapping[str, str] = _NOTHING_KNOWN,
    rejected: AbstractSet[tuple[str, str]] = frozenset(),
) -> list[Match]:
    """One `Match` per left party, in the order of `left`; the order of rows changes nothing else.

    `known` maps left ids to right ids (external ids of earlier loads, accepted decisions) and always wins, if the
    right party still exists; pairs in `rejected` never come back. Apart from `known`, no right party is given to
    two left ones: the best pairs are assigned first. Where another pair is as good, or nearly, the decision is
    "review". InvalidInput if an id comes twice on one side.
    """
    lefts, rights = _by_id(left, "left"), _by_id(right, "right")
    result = {
        party.id: Match(party.id, known[party.id], 1.0, "id", "match", "known from before")
        for party in lefts.values()
        if known.get(party.id) in rights
    }
    taken = {match.right_id for match in result.values()}
    open_left = [party for party in lefts.values() if party.id not in result]
    open_right = [party for party in rights.values() if party.id not in taken]
    names = Names(open_left, open_right)
    pairs = [
        pair
        for pair in _pairs(open_left, open_right, policy, names, rejected)
        if (open_left[pair.left].id, open_right[pair.right].id) not in rejected
    ]
    for match in _assign(open_left, open_right, pairs, policy, names):
        result[match.left_id] = match
    return [result[party.id] for party in left]


def _by_id(parties: Sequence[Party], side: str) -> dict[str, Party]:
    """The parties in the order of their ids."""
    result = {party.id: party for party in sorted(parties, key=lambda party: party.id)}
    if len(result) < len(parties):
        twice = next(id_ for id_, times in Counter(party.id for party in parties).items() if times > 1)
        raise InvalidInput(
            f"The id '{twice}' comes more than once on the {side} side.",
            next_step="Give every account an id of its own.",
        )
    return result


def _pairs(
    left: Sequence[Party],
    right: Sequence[Party],
    policy: MatchPolicy,
    names: Names,
    rejected: AbstractSet[tuple[str, str]],
) -> list[Pair]:
    if policy.strategy == "domain":
        return domain_pairs(left, right, names)
    exact = exact_pairs(left, right, names)
    if policy.strategy == "exact":
        return exact
    # Who has a namesake to himself needs no similar names.
    seekers, sought = defaultdict(set), defaultdict(set)
    for pair in exact:
        if (left[pair.left].id, right[pair.right].id) not in rejected:
            seekers[pair.right].add(pair.left)
            sought[pair.left].add(pair.right)
    served = {i for i, found in sought.items() if all(len(seekers[j]) <= len(found) for j in found)}
    searching = (i for i in range(len(left)) if i not in served)
    least = min(LEAST_SHOWN, policy.review_threshold)
    return exact + fuzzy_pairs(left, right, names, searching, least)


def _assign(
    left: Sequence[Party], right: Sequence[Party], pairs: list[Pair], policy: MatchPolicy, names: Names
) -> list[Match]:
    """Give every left party at most one right party, the best pairs first."""
    pairs.sort(key=lambda pair: (-pair.score, -pair.agreement, pair.left, pair.right))
    by_left: dict[int, list[Pair]] = defaultdict(list)
    by_right: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_left[pair.left].append(pair)
        by_right[pair.right].append(pair)
    given: dict[int, Pair] = {}
    owner: dict[int, int] = {}
    for pair in pairs:
        if pair.score < policy.review_threshold:
            break
        if pair.left not in given and pair.right not in owner:
            given[pair.left] = pair
            owner[pair.right] = pair.left
    result = []
    for i, party in enumerate(left):
        found = by_left.get(i, [])
        shown = tuple(
            Candidate(right[pair.right].id, pair.score, pair.method, _reason(pair, names))
            for pair in found[:MOST_SHOWN]
        )
        if i not in given:
            result.append(_unassigned(party, found, shown, left, right, owner, policy))
            continue
        pair = given[i]
        rivals = [
            other
            for other in found
            if other is not pair and _rivals(other, pair) and owner.get(other.right, i) == i
        ]
        claims = [
            other
            for other in by_right[pair.right]
            if other is not pair and _rivals(other, pair) and other.left not in given
        ]
        reason = _reason(pair, names)
        sure = pair.score >= policy.threshold
        if rivals:
            reason += f"; '{right[rivals[0].right].name}' ({right[rivals[0].right].id}) is as near"
        elif claims:
            reason += f"; '{left[claims[0].left].name}' ({left[claims[0].left].id}) is as near to it"
        result.append(
            Match(
                party.id,
                right[pair.right].id,
                pair.score,
                pair.method,
                "match" if sure and not rivals and not claims else "review",
                reason,
                shown,
            )
        )
    return result


def _rivals(other: Pair, pair: Pair) -> bool:
    """Whether `other` is too close to `pair`. The same name is only rivalled by the same name."""
    if other.score == pair.score:
        return other.agreement >= pair.agreement
    return other.score > pair.score - TOO_CLOSE and pair.score < 1.0


def _unassigned(
    party: Party,
    found: Sequence[Pair],
    shown: tuple[Candidate, ...],
    left: Sequence[Party],
    right: Sequence[Party],
    owner: Mapping[int, int],
    policy: MatchPolicy,
) -> Match:
    if not found:
        return Match(party.id, None, 0.0, "none", "none", "nothing similar found")
    best = found[0]
    if best.score < policy.review_threshold:
        reason = f"'{right[best.right].name}' ({right[best.right].id}) is the nearest, but not near enough"
        return Match(party.id, None, best.score, "none", "none", reason, shown)
    other = left[owner[best.right]]
    reason = f"'{right[best.right].name}' ({right[best.right].id}) was given to '{other.name}' ({other.id})"
    return Match(party.id, None, best.score, best.method, "review", reason, shown)


def _reason(pair: Pair, names: Names) -> str:
    if pair.method == "exact":
        return "same name"
    if pair.method == "domain":
        return "same domain"
    a, b = names.words[names.left[pair.left]], names.words[names.right[pair.right]]
    only_a = " ".join(word for word in a if word not in b)
    only_b = " ".join(word for word in b if word not in a)
    if not only_a and not only_b:
        return "same words in another order"
    return f"similar name: '{only_a}' here, '{only_b}' there"
