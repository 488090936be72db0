"""Match the accounts of the source with those of the dashboard: one row per left party."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.matching.doubts import doubt
from kpi_platform.domain.matching.evidence import (
    CLUES,
    PROPOSED,
    Names,
    Pair,
    acronym_pairs,
    conflict,
    domain_pairs,
    exact_pairs,
    fuzzy_pairs,
    own_domain_pairs,
)
from kpi_platform.domain.matching.names import initials
from kpi_platform.domain.matching.party import Candidate, Decision, Match, MatchPolicy, Party

TOO_CLOSE = 0.05
"""A candidate this near to the best one makes the match a question for a person."""
LEAST_SHOWN = 0.30
MOST_SHOWN = 5
"""Candidates from this score on are shown with a match, and how many."""

_SAME_NAME = "same name"
_NOTHING_KNOWN: Mapping[str, str] = {}


def match_parties(
    left: Sequence[Party],
    right: Sequence[Party],
    policy: MatchPolicy,
    *,
    known: Mapping[str, str] = _NOTHING_KNOWN,
    rejected: AbstractSet[tuple[str, str]] = frozenset(),
) -> list[Match]:
    """Returns one `Match` per left party, in the order of `left`; the order of rows changes nothing else.

    `known` maps left ids to right ids (external ids of earlier loads, accepted decisions) and always wins,
    if the right party still exists; pairs in `rejected` never come back. Apart from `known`, no right party
    is given to two left ones: the best pairs are assigned first. If another pair is as good, or nearly,
    the decision is "review". InvalidInput if an id comes twice on one side."""
    lefts, rights = _by_id(left, "left"), _by_id(right, "right")
    result = {
        party.id: Match(party.id, known[party.id], 1.0, "id", "match", "known from before")
        for party in lefts.values()
        if known.get(party.id) in rights
    }
    taken = {match.right_id for match in result.values()}
    open_left = [party for party in lefts.values() if party.id not in result]
    open_right = [party for party in rights.values() if party.id not in taken]
    if not open_right:
        # Spares reading the names: of a new customer's all are open on the left, of a known one's none.
        result |= {party.id: _nothing_similar(party) for party in open_left}
        open_left = []
    if open_left:
        assignment = _Assignment(open_left, open_right, policy, rejected)
        result |= {match.left_id: match for match in assignment.matches()}
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


class _Assignment:
    """Gives every left party at most one right party, the best pairs first."""

    def __init__(
        self,
        left: Sequence[Party],
        right: Sequence[Party],
        policy: MatchPolicy,
        rejected: AbstractSet[tuple[str, str]],
    ) -> None:
        self._left, self._right, self._policy, self._rejected = left, right, policy, rejected
        self._names = Names(left, right)
        self._owner: dict[int, int] = {}
        self._given: dict[int, Pair] = {}
        self._by_left: dict[int, list[Pair]] = defaultdict(list)
        self._by_right: dict[int, list[Pair]] = defaultdict(list)

    def matches(self) -> Iterator[Match]:
        """One match per left party, in their order."""
        namesakes = self._namesakes()
        self._owner = {j: i for i, j in namesakes.items()}
        pairs = [
            pair
            for pair in self._pairs(namesakes)
            if (self._left[pair.left].id, self._right[pair.right].id) not in self._rejected
        ]
        pairs.sort(key=lambda pair: (-pair.score, -pair.agreement, pair.left, pair.right))
        for pair in pairs:
            self._by_left[pair.left].append(pair)
            self._by_right[pair.right].append(pair)
            if (
                pair.score >= self._policy.review_threshold
                and pair.left not in self._given
                and pair.right not in self._owner
            ):
                self._given[pair.left] = pair
                self._owner[pair.right] = pair.left
        for i, party in enumerate(self._left):
            if i in namesakes:
                right_id = self._right[namesakes[i]].id
                shown = (Candidate(right_id, 1.0, "exact", _SAME_NAME),)
                yield Match(party.id, right_id, 1.0, "exact", "match", _SAME_NAME, shown)
            elif i in self._given:
                yield self._assigned(i, self._given[i])
            else:
                yield self._unassigned(i)

    def _namesakes(self) -> dict[int, int]:
        """Left → right party of the same name, both the only ones of it: nothing can be nearer."""
        if self._policy.strategy == "domain":
            return {}
        right = self._names.right_holders
        return {
            own[0]: right[name][0]
            for name, own in self._names.left_holders.items()
            if len(own) == 1
            and len(right.get(name, ())) == 1
            and (self._left[own[0]].id, self._right[right[name][0]].id) not in self._rejected
            and not conflict(self._left[own[0]], self._right[right[name][0]], same_name=True)
        }

    def _pairs(self, namesakes: Mapping[int, int]) -> list[Pair]:
        if self._policy.strategy == "domain":
            return domain_pairs(self._left, self._right, self._names)
        searching = [i for i in range(len(self._left)) if i not in namesakes]
        exact = exact_pairs(self._names, searching)
        if self._policy.strategy == "exact":
            return exact
        least = min(LEAST_SHOWN, self._policy.review_threshold)
        pairs = {(pair.left, pair.right): pair for pair in exact}
        for pair in (
            *fuzzy_pairs(self._names, searching, least),
            *acronym_pairs(self._names, searching),
            *own_domain_pairs(self._left, self._right, self._names, searching),
        ):
            known = pairs.get((pair.left, pair.right))
            if known is None or known.score < min(pair.score, self._policy.threshold):
                pairs[pair.left, pair.right] = pair
        return list(pairs.values())

    def _assigned(self, i: int, pair: Pair) -> Match:
        party, other = self._left[i], self._right[pair.right]
        rivals = [
            rival
            for rival in self._by_left[i]
            if rival is not pair and _rivals(rival, pair) and self._owner.get(rival.right, i) == i
        ]
        claims = [
            claim
            for claim in self._by_right[pair.right]
            if claim is not pair and _rivals(claim, pair) and claim.left not in self._given
        ]
        reason = self._reason(pair)
        why: str | None = None
        if rivals:
            reason += f"; {_named(self._right[rivals[0].right])} is as near"
        elif claims:
            reason += f"; {_named(self._left[claims[0].left])} is as near to it"
        elif why := self._doubt(pair):
            reason += f"; {why}"
        sure = pair.score >= self._policy.threshold and not rivals and not claims and not why
        decision: Decision = "match" if sure else "review"
        return Match(party.id, other.id, pair.score, pair.method, decision, reason, self._shown(i))

    def _doubt(self, pair: Pair) -> str | None:
        """Why a person should look at a pair of similar names, or of two lists that know domains, if so."""
        if pair.method == "domain":
            return (
                "their names differ" if self._policy.strategy == "fuzzy" and pair.score == PROPOSED else None
            )
        if pair.agreement >= CLUES:
            return None
        against = conflict(self._left[pair.left], self._right[pair.right], same_name=pair.score == 1.0)
        if against or pair.method == "exact":
            return against
        a, b = self._names.left[pair.left].split(), self._names.right[pair.right].split()
        if a[0] in initials(b) or b[0] in initials(a):
            return "an acronym may be that of another company"
        return doubt(a, b, self._names.corpus.weights)

    def _unassigned(self, i: int) -> Match:
        party, found = self._left[i], self._by_left.get(i)
        if not found:
            return _nothing_similar(party)
        best = found[0]
        nearest = _named(self._right[best.right])
        if best.score < self._policy.review_threshold:
            reason = f"{nearest} is the nearest, but not near enough"
            return Match(party.id, None, best.score, "none", "none", reason, self._shown(i))
        reason = f"{nearest} was given to {_named(self._left[self._owner[best.right]])}"
        return Match(party.id, None, best.score, best.method, "review", reason, self._shown(i))

    def _shown(self, i: int) -> tuple[Candidate, ...]:
        return tuple(
            Candidate(self._right[pair.right].id, pair.score, pair.method, self._reason(pair))
            for pair in self._by_left[i][:MOST_SHOWN]
        )

    def _reason(self, pair: Pair) -> str:
        if pair.method == "exact":
            return _SAME_NAME
        if pair.method == "domain":
            return "same domain"
        a, b = self._names.left[pair.left].split(), self._names.right[pair.right].split()
        only_a = " ".join(word for word in a if word not in b)
        only_b = " ".join(word for word in b if word not in a)
        if not only_a and not only_b:
            return "same words in another order"
        return f"similar name: '{only_a}' here, '{only_b}' there"


def _rivals(other: Pair, pair: Pair) -> bool:
    """Whether `other` is too close to `pair`. The same name is only rivalled by the same name."""
    if other.score == pair.score:
        return other.agreement >= pair.agreement
    return other.score > pair.score - TOO_CLOSE and pair.score < 1.0


def _nothing_similar(party: Party) -> Match:
    return Match(party.id, None, 0.0, "none", "none", "nothing similar found")


def _named(party: Party) -> str:
    return f"'{party.name}' ({party.id})"
