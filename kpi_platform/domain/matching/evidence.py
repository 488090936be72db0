"""Finds candidate pairs of parties, how sure each is, and why: the input of the assignment."""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kpi_platform.domain.matching.candidates import Integers, candidate_pairs
from kpi_platform.domain.matching.corpus import Corpus
from kpi_platform.domain.matching.names import initials, parse_name
from kpi_platform.domain.matching.party import Method, Party
from kpi_platform.domain.matching.score import score_words

MANY_PAIRS = 500_000
"""From here on the plain way takes longer than to compile the scorer, as the first use does."""
CLUES = 4
"""An agreement from here on is that of a domain, city or country."""
PROPOSED = 0.7
"""The score of a name and its initials, or of other names with one domain: only a person can accept it."""
LEAST_ALIKE = 0.05
"""Names of this score are alike enough for a domain that two parties alone have."""
OWN_DOMAIN = 0.97
"""The score of two parties that alone have a domain on their sides."""
SHARED_DOMAIN = (0.60, 0.36)
"""If more parties have the domain, the name decides: the first plus the second times the name's score."""


class Pair(NamedTuple):
    """A pair of indices with its score; `agreement` counts what else speaks for it, to break ties."""

    left: int
    right: int
    score: float
    method: Method
    agreement: int


class Names:
    """Both lists' names in normal form, the legal forms that they are written with, and what is learnt from
    them."""

    def __init__(self, left: Sequence[Party], right: Sequence[Party], corpus: Corpus | None = None) -> None:
        self._parties = left, right
        self.left, self._left_forms = _parsed(left)
        self.right, self._right_forms = _parsed(right)
        self.corpus = corpus or self._learnt()

    def _learnt(self) -> Corpus:
        names, forms = self.left + self.right, self._left_forms + self._right_forms
        bare = {name for name, form in zip(names, forms, strict=True) if not form}
        return Corpus.learn(self.left, self.right, full_names=set(names) - bare)

    @cached_property
    def left_holders(self) -> dict[str, list[int]]:
        """Normal form → the left indices that have it; names without letters or digits are left out."""
        return _holders(self.left)

    @cached_property
    def right_holders(self) -> dict[str, list[int]]:
        """Normal form → the right indices that have it."""
        return _holders(self.right)

    def score(self, left: str, right: str) -> float:
        """Returns the score of two normal forms."""
        return score_words(left.split(), right.split(), self.corpus)

    def agreement(self, i: int, j: int) -> int:
        """Returns how much two parties have in common besides the normal form of the name: 0 for nothing."""
        a, b, form = self._parties[0][i], self._parties[1][j], self._left_forms[i]
        return (
            16 * bool(a.domains & b.domains)
            + 8 * _same(a.city, b.city)
            + 4 * _same(a.country, b.country)
            + 2 * (a.name.casefold().split() == b.name.casefold().split())
            + (form != "" and form == self._right_forms[j])
        )


def _parsed(parties: Sequence[Party]) -> tuple[list[str], list[str]]:
    names, forms = [], []
    for party in parties:
        words, form = parse_name(party.name)
        names.append(" ".join(words))
        forms.append(sys.intern(form))
    return names, forms


def _holders(forms: Sequence[str]) -> dict[str, list[int]]:
    result: dict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(forms):
        if name:
            result[name].append(i)
    return dict(result)


def score_pairs(
    left: Sequence[str], right: Sequence[str], pairs: tuple[Integers, Integers], corpus: Corpus
) -> npt.NDArray[np.float64]:
    """Returns the scores of `pairs`, indices into `left` and `right`, which are normal forms."""
    if len(pairs[0]) >= MANY_PAIRS:
        from kpi_platform.domain.matching import kernel

        return kernel.score_pairs(left, right, pairs, corpus)
    scores = (
        score_words(left[i].split(), right[j].split(), corpus)
        for i, j in zip(pairs[0].tolist(), pairs[1].tolist(), strict=True)
    )
    return np.fromiter(scores, np.float64, len(pairs[0]))


def exact_pairs(names: Names, searching: Iterable[int]) -> list[Pair]:
    """Returns all pairs of the same normal form, for the left indices `searching`."""
    return [
        Pair(i, j, 1.0, "exact", names.agreement(i, j))
        for i in searching
        for j in names.right_holders.get(names.left[i], ())
    ]


def fuzzy_pairs(names: Names, searching: Iterable[int], least: float) -> list[Pair]:
    """Yields pairs of similar, but not the same names with a score of `least` or more, for the left indices
    `searching`."""
    seekers: dict[str, list[int]] = defaultdict(list)
    for i in searching:
        if names.left[i]:
            seekers[names.left[i]].append(i)
    queries, register = sorted(seekers), sorted(names.right_holders)
    pairs = candidate_pairs(queries, register)
    scores = score_pairs(queries, register, pairs, names.corpus)
    result: list[Pair] = []
    for k in np.flatnonzero(scores >= least).tolist():
        query, name = queries[pairs[0][k]], register[pairs[1][k]]
        if query != name:
            score = float(scores[k])
            result.extend(
                Pair(i, j, score, "fuzzy", names.agreement(i, j))
                for i in seekers[query]
                for j in names.right_holders[name]
            )
    return result


def acronym_pairs(names: Names, searching: Iterable[int]) -> list[Pair]:
    """Returns pairs of a bare acronym and the one name of the other list that has these initials."""
    result: list[tuple[int, int]] = []
    meant, bare = _by_initials(names.right_holders), _by_initials(names.left_holders)
    for i in searching:
        name = names.left[i]
        full = meant.get(name, [])
        if len(full) == 1 and name not in names.right_holders:
            result.extend((i, j) for j in names.right_holders[full[0]])
        for short in initials(name.split()) if name.count(" ") > 1 else ():
            if bare.get(short) == [name]:
                result.extend((i, j) for j in names.right_holders.get(short, ()))
    return [Pair(i, j, PROPOSED, "fuzzy", names.agreement(i, j)) for i, j in dict.fromkeys(result)]


def _by_initials(holders: Iterable[str]) -> dict[str, list[str]]:
    """Initials of three letters or more → the names of three words or more that have them."""
    result: dict[str, list[str]] = defaultdict(list)
    for name in holders:
        for short in sorted(initials(name.split())) if name.count(" ") > 1 else ():
            if len(short) > 2:
                result[short].append(name)
    return result


def conflict(a: Party, b: Party, *, same_name: bool) -> str | None:
    """Returns, in words, what the parties' domains and cities say against a match, or None.

    Companies have several domains and offices: the same name is only doubted if both differ."""
    if not (a.domains and b.domains and a.domains.isdisjoint(b.domains)):
        return None
    if a.city and b.city and not _same(a.city, b.city):
        return "their domains and cities differ"
    return None if same_name or _same(a.city, b.city) else "their domains differ"


def own_domain_pairs(
    left: Sequence[Party], right: Sequence[Party], names: Names, searching: Iterable[int]
) -> list[Pair]:
    """Returns pairs that alone have a domain, of lists that are matched by name: sure if the names are at
    all alike, else proposed."""
    result = []
    for i, sharers in _sharers(left, right, searching):
        for j, alone in sharers.items():
            if alone:
                alike = names.score(names.left[i], names.right[j]) >= LEAST_ALIKE
                score = OWN_DOMAIN if alike else PROPOSED
                result.append(Pair(i, j, score, "domain", names.agreement(i, j)))
    return result


def domain_pairs(left: Sequence[Party], right: Sequence[Party], names: Names) -> list[Pair]:
    """Yields pairs that share a domain; if one of two has none, pairs of the same name."""
    result = []
    for i, own in _sharers(left, right, range(len(left))):
        for j, alone in own.items():
            by_name = names.score(names.left[i], names.right[j])
            shared = round(SHARED_DOMAIN[0] + SHARED_DOMAIN[1] * by_name, 4)
            result.append(Pair(i, j, OWN_DOMAIN if alone else shared, "domain", names.agreement(i, j)))
    found = {(pair.left, pair.right) for pair in result}
    result.extend(
        pair
        for pair in exact_pairs(names, range(len(left)))
        if (pair.left, pair.right) not in found
        and not (left[pair.left].domains and right[pair.right].domains)
    )
    return result


def _sharers(
    left: Sequence[Party], right: Sequence[Party], searching: Iterable[int]
) -> Iterator[tuple[int, dict[int, bool]]]:
    """For each left index, the right ones that share a domain: whether the two alone have it."""
    left_holders = Counter(domain for party in left for domain in party.domains)
    right_holders: dict[str, list[int]] = defaultdict(list)
    for j, party in enumerate(right):
        for domain in party.domains:
            right_holders[domain].append(j)
    for i in searching:
        own: dict[int, bool] = {}
        for domain in sorted(left[i].domains):
            for j in right_holders.get(domain, ()):
                own[j] = own.get(j, False) or (len(right_holders[domain]) == 1 and left_holders[domain] == 1)
        yield i, own


def _same(a: str | None, b: str | None) -> bool:
    return bool(a and b and a.casefold().strip() == b.casefold().strip())
