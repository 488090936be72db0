"""Statistics of lists of names: which words are common, and which beginnings several names share."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kpi_platform.domain.matching import coefficients as c
from kpi_platform.domain.matching.words import COMMONNESS, STRUCTURAL, UNKNOWN_COMMONNESS

_MASK = 2**64 - 1

Hashes = npt.NDArray[np.uint64]


class WordWeights:
    """How much a word says about identity, in nats: -log of its share of names, smoothed with a prior."""

    def __init__(
        self, counts: Mapping[str, int], names: int, commonness: Mapping[str, float] = COMMONNESS
    ) -> None:
        self._counts, self._names, self._commonness = counts, names, commonness
        self._known: dict[str, float] = {}

    @classmethod
    def learn(cls, *lists: Iterable[str]) -> "WordWeights":
        """Learns weights from lists of normal forms.

        Only repetition within a list makes a word common: that a name is there, or in two lists, does not.
        Nor does it count how many accounts have the same name."""
        counts: dict[str, int] = {}
        size = 0
        for names in lists:
            distinct = {name for name in names if name}
            size = max(size, len(distinct))
            for word, count in Counter(" ".join(distinct).split()).items():
                counts[word] = max(counts.get(word, 0), count - 1)
        return cls(counts, size)

    def __getitem__(self, word: str) -> float:
        weight = self._known.get(word)
        if weight is None:
            prior = c.PRIOR_NAMES * self._commonness.get(word, UNKNOWN_COMMONNESS)
            share = (self._counts.get(word, 0) + prior) / (self._names + c.PRIOR_NAMES)
            weight = max(-math.log(share), c.LEAST_WEIGHT)
            if word in STRUCTURAL:
                weight = min(weight, c.STRUCTURAL_WEIGHT)
            self._known[word] = weight
        return weight


@dataclass(frozen=True)
class Corpus:
    """Statistics of the lists at hand.

    `shared_heads` are hashes of the beginnings, the words in any order, that several names of one list have,
    ascending; None if that is not known. `full_names` are normal forms that are only ever written with
    their legal form, so that nothing can be missing at their end."""

    weights: WordWeights
    shared_heads: Hashes | None = None
    full_names: frozenset[str] = frozenset()

    @classmethod
    def learn(cls, *lists: Collection[str], full_names: Iterable[str] = ()) -> "Corpus":
        """Learnt from lists of normal forms."""
        shared = np.concatenate([np.empty(0, np.uint64), *(_shared_heads(names) for names in lists)])
        return cls(WordWeights.learn(*lists), np.unique(shared), frozenset(full_names))

    @cached_property
    def _shared(self) -> frozenset[int]:
        return frozenset([] if self.shared_heads is None else self.shared_heads.tolist())

    def is_alone(self, head: Sequence[str]) -> bool:
        """Whether it is known that no two names of one list begin with these words."""
        return self.shared_heads is not None and sum(map(hash, head)) & _MASK not in self._shared


def _shared_heads(names: Iterable[str]) -> Hashes:
    distinct = [name for name in dict.fromkeys(names) if name]
    words = " ".join(distinct).split()
    sums = np.cumsum(np.fromiter(map(hash, words), np.int64, len(words)).view(np.uint64), dtype=np.uint64)
    sizes = np.fromiter((name.count(" ") + 1 for name in distinct), np.int64, len(distinct))
    before = np.concatenate([np.zeros(1, np.uint64), sums])[np.cumsum(sizes) - sizes]
    heads, counts = np.unique(sums - np.repeat(before, sizes), return_counts=True)
    return heads[counts > 1]


GENERAL = Corpus(WordWeights({}, 0))
"""Prior knowledge about company names."""
