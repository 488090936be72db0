"""Cohesive groups of names: the closest come together first, and only groups that are near as wholes."""

from collections.abc import Mapping, Sequence

import numpy as np

from kpi_platform.domain.matching.candidates import Integers, candidate_pairs
from kpi_platform.domain.matching.corpus import Corpus
from kpi_platform.domain.matching.doubts import differ, extends
from kpi_platform.domain.matching.evidence import score_pairs
from kpi_platform.domain.matching.score import score_words

FACE = 4
"""How many names stand for a group: the most frequent, then the shortest."""
COHESION = 0.9
"""Groups join if the mean score between the names that stand for them is this share of the threshold."""
DOUBTED = 0.4
"""What a doubt leaves of a score."""
EXTENDED = 0.45
"""The least score of a name and the same with common words added."""


class Groups:
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


def cohesive_groups(frequency: Mapping[str, int], corpus: Corpus, threshold: float) -> dict[str, str]:
    """Returns each normal form → the one its group is known by. `frequency` says how many have a form.

    A link needs `threshold`; the higher, the fewer and the surer they are."""
    forms = sorted(frequency)
    scores = _Scores(forms, corpus)
    groups = Groups(len(forms))
    faces = {i: [i] for i in range(len(forms))}
    for i, j in scores.links(threshold):
        a, b = groups.of(i), groups.of(j)
        if a == b:
            continue
        across = [scores.of(x, y) for x in faces[a] for y in faces[b]]
        if sum(across) >= COHESION * threshold * len(across):
            groups.join(a, b)
            members = faces.pop(a) + faces.pop(b)
            members.sort(key=lambda k: (-frequency[forms[k]], len(forms[k]), forms[k]))
            faces[min(a, b)] = members[:FACE]
    return {form: forms[groups.of(i)] for i, form in enumerate(forms)}


class _Scores:
    """The scores of pairs of normal forms as names of one holder."""

    def __init__(self, forms: Sequence[str], corpus: Corpus) -> None:
        self._forms, self._corpus = forms, corpus
        self._words = [form.split() for form in forms]
        self._known: dict[tuple[int, int], float] = {}

    def links(self, threshold: float) -> list[tuple[int, int]]:
        """Returns the pairs of indices that score `threshold` or more, the closest first."""
        pairs = _each_once(candidate_pairs(self._forms, self._forms), len(self._forms))
        plain = score_pairs(self._forms, self._forms, pairs, self._corpus)
        links = []
        for i, j, score in zip(pairs[0].tolist(), pairs[1].tolist(), plain.tolist(), strict=True):
            own = self._known[i, j] = self._judged(i, j, score)
            if own >= threshold:
                links.append((-own, i, j))
        return [(i, j) for _, i, j in sorted(links)]

    def of(self, i: int, j: int) -> float:
        i, j = min(i, j), max(i, j)
        score = self._known.get((i, j))
        if score is None:
            plain = score_words(self._words[i], self._words[j], self._corpus)
            score = self._known[i, j] = self._judged(i, j, plain)
        return score

    def _judged(self, i: int, j: int, score: float) -> float:
        a, b, weights = self._words[i], self._words[j], self._corpus.weights
        if differ(a, b, weights):
            return DOUBTED * score
        if score < EXTENDED and extends(a, b, weights):
            return EXTENDED
        return score


def _each_once(pairs: tuple[Integers, Integers], size: int) -> tuple[Integers, Integers]:
    lefts, rights = np.minimum(*pairs), np.maximum(*pairs)
    codes = np.unique((lefts * size + rights)[lefts < rights])
    return codes // size, codes % size
