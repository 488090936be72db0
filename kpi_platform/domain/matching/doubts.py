"""Reasons to doubt, or to believe, that two similar names are of one holder."""

from collections.abc import Sequence

from rapidfuzz.distance import OSA

from kpi_platform.domain.matching.corpus import WordWeights
from kpi_platform.domain.matching.holder_words import GROUPING_COMMONNESS, KINDS
from kpi_platform.domain.matching.places import PLACES
from kpi_platform.domain.matching.score import abbreviates
from kpi_platform.domain.matching.words import STRUCTURAL

RARE = 6.9
"""A word that weighs this much (nats) tells holders apart: at most three of a list have it."""
SHORT, LONG = 5, 8
"""Letters: unknown words up to the first are not misspelt into others, from the second on by two letters."""
SAME_LETTERS = 0.9
EXTENSION = 3
"""A name that is longer by this many words may be that of a part, or of another company."""
_SAYS_LITTLE = frozenset(["union", "association", "society", "organization"])


def distinguishes(word: str, weights: WordWeights) -> bool:
    """Whether `word` tells holders apart: it is rare, no place, and no part of a structure."""
    return len(word) > 1 and word not in STRUCTURAL and word not in PLACES and weights[word] >= RARE


def differ(a: Sequence[str], b: Sequence[str], weights: WordWeights) -> bool:
    """Whether two similar names are probably of different holders. Symmetric.

    Institutions, and names that have no distinguishing word in common, are told apart by every word ("Dutch
    Dairy Association" is no "Dutch Toy Association", "Lindt Canada" no "Linde Canada")."""
    only_a, only_b = [x for x in a if x not in b], [x for x in b if x not in a]
    pairs = [(x, y) for x in only_a for y in only_b if alike(x, y)]
    shared = [*((x, x) for x in a if x in b), *pairs]
    if KINDS.isdisjoint((*a, *b)) and any(
        distinguishes(x, weights) and distinguishes(y, weights) for x, y in shared
    ):
        return False
    spelt = {word for pair in pairs for word in pair} | STRUCTURAL
    lone_a, lone_b = [x for x in only_a if x not in spelt], [x for x in only_b if x not in spelt]
    if not lone_a or not lone_b:
        return not _SAYS_LITTLE.issuperset(lone_a or lone_b)
    joined = OSA.normalized_similarity("".join(lone_a), "".join(lone_b))
    return len(lone_a) == len(lone_b) or joined < SAME_LETTERS


def alike(x: str, y: str) -> bool:
    """Whether two words can be spellings of one: a letter differs, or one abbreviates the other."""
    if not (x.isalpha() and y.isalpha()):
        return False
    known = [word in GROUPING_COMMONNESS or word in PLACES for word in (x, y)]
    size = min(len(x), len(y))
    if abbreviates(x, y) or abbreviates(y, x):
        return any(known) or (size >= SHORT and abs(len(x) - len(y)) >= 4)
    if all(known) or size < 4:
        return False
    distance = OSA.distance(x, y)
    if size <= SHORT and not any(known):
        return distance == 1 and sorted(x) == sorted(y)
    return distance <= (1 if size < LONG else 2)


def extends(a: Sequence[str], b: Sequence[str], weights: WordWeights) -> bool:
    """Whether the longer name is the shorter one and common words only ("Dow", "Dow Chemical")."""
    short, long = sorted(([x for x in words if x not in STRUCTURAL] for words in (a, b)), key=len)
    return (
        long[: len(short)] == short
        and GROUPING_COMMONNESS.keys() >= set(long[len(short) :])
        and any(distinguishes(word, weights) for word in short)
    )


def doubt(a: Sequence[str], b: Sequence[str], weights: WordWeights) -> str | None:
    """Returns, in words, why a person should look before two similar names are linked, or None."""
    only_a, only_b = [x for x in a if x not in b], [x for x in b if x not in a]
    shared = any(distinguishes(word, weights) for word in a if word in b)
    if len(only_a) == len(only_b) == 1 and not shared:
        x, y = only_a[0], only_b[0]
        unknown = x not in GROUPING_COMMONNESS and y not in GROUPING_COMMONNESS
        if unknown and x.isalpha() and y.isalpha() and OSA.distance(x, y) == 1 and not alike(x, y):
            return f"'{x}' and '{y}' may be two names"
    extra = [x for x in only_a or only_b if x not in STRUCTURAL]
    if not (only_a and only_b) and len(extra) >= EXTENSION:
        return f"'{' '.join(extra)}' may be what tells them apart"
    return None
