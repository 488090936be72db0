"""Group the parties of one list that are the same company."""

from collections import Counter
from collections.abc import Sequence

from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.matching.candidates import candidate_pairs
from kpi_platform.domain.matching.corpus import GENERAL
from kpi_platform.domain.matching.evidence import Names, score_pairs
from kpi_platform.domain.matching.party import GROUPING, MatchPolicy, Party

LEAST_LINKAGE = 0.5
"""Groups join only if the most frequent spellings of both score this high, or as high as the threshold."""


def group_parties(parties: Sequence[Party], policy: MatchPolicy = GROUPING) -> dict[str, str]:
    """Returns each party's id → its group's id, which is the smallest id of the group.

    Strategy "exact" groups same normal forms, "domain" parties that share a domain. "fuzzy" joins names
    that score `policy.threshold` or more, the closest first, as long as the most frequent spellings of the
    two groups are alike too: chains do not grow together. InvalidInput if an id comes twice."""
    twice = [id_ for id_, times in Counter(party.id for party in parties).items() if times > 1]
    if twice:
        raise InvalidInput(
            f"The id '{twice[0]}' comes more than once.", next_step="Give every account an id of its own."
        )
    parties = sorted(parties, key=lambda party: party.id)
    if policy.strategy == "domain":
        keys = [sorted(party.domains) for party in parties]
    else:
        # In a list full of duplicates the rarest name is the one with the fewest duplicates, so nothing is
        # learnt.
        names = Names(parties, (), GENERAL)
        joined = _joined_names(names, policy) if policy.strategy == "fuzzy" else {}
        keys = [[joined.get(name, name)] if name else [] for name in names.left]
    groups = _Groups(len(parties))
    first: dict[str, int] = {}
    for i, own in enumerate(keys):
        for key in own:
            groups.join(first.setdefault(key, i), i)
    return {party.id: parties[groups.of(i)].id for i, party in enumerate(parties)}


def _joined_names(names: Names, policy: MatchPolicy) -> dict[str, str]:
    """Returns, for each normal form, the one that represents its group."""
    frequency = Counter(name for name in names.left if name)
    forms = sorted(frequency)
    lefts, rights = candidate_pairs(forms, forms)
    scores = score_pairs(forms, forms, (lefts, rights), names)
    links = {
        (min(i, j), max(i, j)): score
        for i, j, score in zip(lefts.tolist(), rights.tolist(), scores.tolist(), strict=True)
        if i != j and score >= policy.threshold
    }
    groups = _Groups(len(forms))
    centre = list(range(len(forms)))
    for i, j in sorted(links, key=lambda pair: (-links[pair], pair)):
        a, b = groups.of(i), groups.of(j)
        if a == b:
            continue
        x, y = centre[a], centre[b]
        if names.score(forms[x], forms[y]) >= min(LEAST_LINKAGE, policy.threshold):
            groups.join(a, b)
            centre[groups.of(a)] = min((x, y), key=lambda form: (-frequency[forms[form]], form))
    return {name: forms[groups.of(i)] for i, name in enumerate(forms)}


class _Groups:
    """Disjoint groups of 0…size-1, each known by its smallest member."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def of(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        a, b = sorted((self.of(i), self.of(j)))
        self._parent[b] = a
