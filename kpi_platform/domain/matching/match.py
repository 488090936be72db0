"""Match the accounts of the source with those of the dashboard: one row per left party."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from kpi_platform.domain.matching.names import normalise_name
from kpi_platform.domain.matching.party import Candidate, Match, MatchPolicy, Party

_NOTHING_KNOWN: Mapping[str, str] = {}


def match_parties(
    left: Sequence[Party],
    right: Sequence[Party],
    policy: MatchPolicy,
    *,
    known: Mapping[str, str] = _NOTHING_KNOWN,
    rejected: AbstractSet[tuple[str, str]] = frozenset(),
) -> list[Match]:
    """One `Match` per left party, in the order of `left`.

    `known` maps left ids to right ids (external ids of earlier loads, accepted decisions) and always wins;
    pairs in `rejected` never come back. No right party is given to two left ones. Ids must be unique on either
    side (InvalidInput).
    """
    by_name: dict[str, list[Party]] = {}
    taken = set(known.values())
    for party in sorted(right, key=lambda p: p.id):
        by_name.setdefault(normalise_name(party.name), []).append(party)
    result: dict[str, Match] = {}
    for party in sorted(left, key=lambda p: p.id):
        if party.id in known:
            result[party.id] = Match(party.id, known[party.id], 1.0, "id", "match", "known from before")
            continue
        candidates = tuple(
            Candidate(other.id, 1.0, "exact", "same name")
            for other in by_name.get(normalise_name(party.name), [])
            if other.id not in taken and (party.id, other.id) not in rejected
        )
        if not candidates:
            result[party.id] = Match(party.id, None, 0.0, "none", "none", "no candidate")
            continue
        taken.add(candidates[0].right_id)
        result[party.id] = Match(
            party.id, candidates[0].right_id, 1.0, "exact", "match", "same name", candidates
        )
    return [result[party.id] for party in left]
