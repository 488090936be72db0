"""Which pairs of parties come into question, how sure each is, and why: the input of the assignment."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kpi_platform.domain.matching.candidates import Integers, candidate_pairs
from kpi_platform.domain.matching.names import normalise_name
from kpi_platform.domain.matching.party import Method, Party
from kpi_platform.domain.matching.score import WordWeights, score_words

MANY_PAIRS = 60_000
"""From here on the compiled scorer earns back its start."""
OWN_DOMAIN = 0.97
"""The score of two parties that alone have a domain on their sides."""
SHARED_DOMAIN = (0.60, 0.36)
"""Where more parties have the domain, the name decides: the first plus the second times the name's score."""


class Pair(NamedTuple):
    """A pair of indices with its score; `agreement` counts what else speaks for it, to break ties."""

    left: int
    right: int
    score: float
    method: Method
    agreement: int


class Names:
    """The normal forms of both lists' names, and the weights of their words."""

    def __init__(
        self, left: Sequence[Party], right: Sequence[Party], weights: WordWeights | None = None
    ) -> None:
        self.left = [normalise_name(party.name) for party in left]
        self.right = [normalise_name(party.name) for party in right]
        self.weights = weights or WordWeights.learn(self.left, self.right)

    @cached_property
    def left_holders(self) -> dict[str, list[int]]:
        """Normal form → the left indices that have it; names without letters or digits are left out."""
        return _holders(self.left)

    @cached_property
    def right_holders(self) -> dict[str, list[int]]:
        """Normal form → the right indices that have it."""
        return _holders(self.right)

    def score(self, left: str, right: str) -> float:
        """The score of two normal forms."""
        return score_words(left.split(), right.split(), self.weights)


def _holders(forms: Sequence[str]) -> dict[str, list[int]]:
    result: dict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(forms):
        if name:
            result[name].append(i)
    return dict(result)


def score_pairs(
    left: Sequence[str], right: Sequence[str], pairs: tuple[Integers, Integers], names: Names
) -> npt.NDArray[np.float64]:
    """The scores of `pairs`, indices into `left` and `right`, which are normal forms."""
    if len(pairs[0]) >= MANY_PAIRS:
        from kpi_platform.domain.matching import kernel

        return kernel.score_pairs(left, right, pairs, names.weights)
    scores = (
        names.score(left[i], right[j]) for i, j in zip(pairs[0].tolist(), pairs[1].tolist(), strict=True)
    )
    return np.fromiter(scores, np.float64, len(pairs[0]))


def exact_pairs(
    left: Sequence[Party], right: Sequence[Party], names: Names, searching: Iterable[int]
) -> list[Pair]:
    """All pairs of the same normal form, for the left indices `searching`."""
    return [
        Pair(i, j, 1.0, "exact", agreement(left[i], right[j]))
        for i in searching
        for j in names.right_holders.get(names.left[i], ())
    ]


def fuzzy_pairs(
    left: Sequence[Party], right: Sequence[Party], names: Names, searching: Iterable[int], least: float
) -> list[Pair]:
    """Pairs of similar, but not the same names with a score of `least` or more, for the left indices
    `searching`."""
    seekers: dict[str, list[int]] = defaultdict(list)
    for i in searching:
        if names.left[i]:
            seekers[names.left[i]].append(i)
    queries, register = sorted(seekers), sorted(names.right_holders)
    pairs = candidate_pairs(queries, register)
    scores = score_pairs(queries, register, pairs, names)
    result: list[Pair] = []
    for k in np.flatnonzero(scores >= least).tolist():
        query, name = queries[pairs[0][k]], register[pairs[1][k]]
        if query != name:
            score = float(scores[k])
            result.extend(
                Pair(i, j, score, "fuzzy", agreement(left[i], right[j]))
                for i in seekers[query]
                for j in names.right_holders[name]
            )
    return result


def domain_pairs(left: Sequence[Party], right: Sequence[Party], names: Names) -> list[Pair]:
    """Pairs that share a domain; where one of two has none, pairs of the same name."""
    left_holders = Counter(domain for party in left for domain in party.domains)
    right_holders: dict[str, list[int]] = defaultdict(list)
    for j, party in enumerate(right):
        for domain in party.domains:
            right_holders[domain].append(j)
    result = []
    for i, party in enumerate(left):
        own: dict[int, bool] = {}
        for domain in sorted(party.domains):
            for j in right_holders.get(domain, ()):
                own[j] = own.get(j, False) or (len(right_holders[domain]) == 1 and left_holders[domain] == 1)
        for j, alone in own.items():
            by_name = names.score(names.left[i], names.right[j])
            shared = round(SHARED_DOMAIN[0] + SHARED_DOMAIN[1] * by_name, 4)
            result.append(Pair(i, j, OWN_DOMAIN if alone else shared, "domain", agreement(party, right[j])))
    found = {(pair.left, pair.right) for pair in result}
    result.extend(
        pair
        for pair in exact_pairs(left, right, names, range(len(left)))
        if (pair.left, pair.right) not in found
        and not (left[pair.left].domains and right[pair.right].domains)
    )
    return result


def agreement(a: Party, b: Party) -> int:
    """What beside the normal form of the name two parties have in common: 0 for nothing."""
    return (
        8 * bool(a.domains & b.domains)
        + 4 * _same(a.city, b.city)
        + 2 * _same(a.country, b.country)
        + (a.name.casefold().split() == b.name.casefold().split())
    )


def _same(a: str | None, b: str | None) -> bool:
    return bool(a and b and a.casefold().strip() == b.casefold().strip())
