"""The score of two names: the probability, 0…1, that they name the same company.

It is a calibrated probability for the best candidate that a name has in a list: 0.85 means "almost surely
the same". Words are weighed by how rare they are in the lists at hand; words that differ a little or are
abbreviated count in part; numbers must agree."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rapidfuzz.distance import LCSseq

from kpi_platform.domain.matching import coefficients as c
from kpi_platform.domain.matching.corpus import Corpus
from kpi_platform.domain.matching.words import COUNTRIES, STRUCTURAL

NUMBER, COUNTRY, STRUCTURE = 1, 2, 4
"""Kinds of words: the first two distinguish siblings of one name, the third hardly counts."""


@dataclass(frozen=True)
class Evidence:
    """Evidence that two names are the same. Weights in nats, shares in 0…1; symmetric in the two names."""

    coverage: float
    """The lesser share of a name's weight that is found in the other name."""
    matched: float
    """The lesser weight that is found in the other name."""
    substituted: float
    """The lesser of the two weights that have no counterpart: both names have something of their own."""
    fuzzy: float
    """Weight lost to spellings that differ."""
    letters: float
    """Similarity of the letters as a whole, words in order or sorted."""
    head: float
    """How well each first word is found in the other name."""
    begins: float
    """The weight in common if one name is the other's beginning, and no third name begins so; else 0."""
    most: float
    """The most that a score can be: numbers and countries in the names must agree."""

    @cached_property
    def features(self) -> tuple[float, ...]:
        """The numbers that `coefficients.COEFFICIENTS` weigh, in that order."""
        return (
            self.coverage,
            max(0.0, self.coverage - 0.7),
            max(0.0, self.coverage - 0.85),
            min(self.matched, 20.0) / 10.0,
            -min(self.substituted, 12.0) / 10.0,
            -min(self.fuzzy, 6.0),
            self.letters,
            self.head,
            min(self.begins, 10.0) / 10.0,
        )


def score_words(a: Sequence[str], b: Sequence[str], corpus: Corpus) -> float:
    """Returns the probability, 0…1, that two names, in words, are of the same company. Symmetric; 1.0 for
    equal words, 0 if one has none. `corpus` is best learnt from the lists at hand."""
    if not a or not b:
        return 0.0
    if a == b:
        return 1.0
    if "".join(a) == "".join(b) or sorted(a) == sorted(b):
        return c.SAME_LETTERS
    return probability(compare(a, b, corpus))


def probability(evidence: Evidence) -> float:
    """Returns the score, of four decimals, that `evidence` gives to two names that are not the same
    letters."""
    z = c.INTERCEPT
    for coefficient, feature in zip(c.COEFFICIENTS, evidence.features, strict=True):
        z += coefficient * feature
    p = min(1.0 / (1.0 + math.exp(-z)), evidence.most)
    return math.floor(p * 10_000.0 + 0.5) / 10_000.0


def word_similarity(a: str, b: str) -> float:
    """Returns 0 for different words, 1 for the same, a number between for misspelt and abbreviated ones."""
    if a == b:
        return 1.0
    if not (a.isalpha() and b.isalpha()):
        return 0.0
    ratio = 0.0
    if 2.0 * min(len(a), len(b)) >= c.LEAST_RATIO * (len(a) + len(b)):
        ratio = _ratio(a, b)
        if ratio < c.LEAST_RATIO:
            ratio = 0.0
    if ratio < c.ABBREVIATED and (abbreviates(a, b) or abbreviates(b, a)):
        ratio = c.ABBREVIATED
    return ratio


@lru_cache(maxsize=100_000)
def word_kind(word: str) -> int:
    """NUMBER for a word with a digit, COUNTRY for a country or region, STRUCTURE for "group", else 0."""
    if not word.isalpha():
        return NUMBER
    return COUNTRY if word in COUNTRIES else STRUCTURE if word in STRUCTURAL else 0


def _ratio(a: str, b: str) -> float:
    a, b = a[: c.LONGEST], b[: c.LONGEST]
    return 2.0 * LCSseq.similarity(a, b) / (len(a) + len(b))


def abbreviates(short: str, long: str) -> bool:
    """Tells whether `short` is a beginning of `long` ("pharmac"), or its first letter and consonants in their
    order ("grp")."""
    if len(short) < 3 or 5 * len(short) > 4 * len(long) or short[0] != long[0]:
        return False
    if long.startswith(short):
        return True
    if any(letter in "aeiou" for letter in short[1:-1]):
        return False
    rest = iter(long)
    return all(letter in rest for letter in short)


def compare(a: Sequence[str], b: Sequence[str], corpus: Corpus) -> Evidence:
    """Measures what the two names, neither empty, have in common."""
    wa, wb = [corpus.weights[word] for word in a], [corpus.weights[word] for word in b]
    likeness = [[word_similarity(word, other) for other in b] for word in a]
    sa, ea = _counterparts(likeness, wa, wb)
    sb, eb = _counterparts(list(zip(*likeness, strict=True)), wb, wa)
    _join_words(a, b, wa, wb, sa, ea, sb, eb)
    _join_words(b, a, wb, wa, sb, eb, sa, ea)
    matched_a, fuzzy_a, alone_a = _sums(sa, ea)
    matched_b, fuzzy_b, alone_b = _sums(sb, eb)
    begins = _begins(a, sa, b, sb, corpus) or _begins(b, sb, a, sa, corpus)
    return Evidence(
        coverage=min(
            matched_a / (matched_a + fuzzy_a + alone_a), matched_b / (matched_b + fuzzy_b + alone_b)
        ),
        matched=min(matched_a, matched_b),
        substituted=min(alone_a, alone_b),
        fuzzy=max(fuzzy_a, fuzzy_b),
        letters=max(_ratio("".join(a), "".join(b)), _ratio("".join(sorted(a)), "".join(sorted(b)))),
        head=sa[0] * sb[0],
        begins=min(matched_a, matched_b) if begins else 0.0,
        most=_most(_lone_kinds(a, sa), _lone_kinds(b, sb)),
    )


def _counterparts(
    likeness: Sequence[Sequence[float]], wa: Sequence[float], wb: Sequence[float]
) -> tuple[list[float], list[float]]:
    """For each word of one name (a row): its similarity to the other's word most like it, and its weight.

    A misspelt word is rare, but says no more than the word that was meant.
    """
    similarities, weights = [], []
    for row, weight in zip(likeness, wa, strict=True):
        best, effective = 0.0, weight
        for similarity, other_weight in zip(row, wb, strict=True):
            if similarity == 0.0 or similarity < best:
                continue
            lesser = weight if similarity == 1.0 else min(weight, other_weight)
            if similarity > best or lesser < effective:
                best, effective = similarity, lesser
        similarities.append(best)
        weights.append(effective)
    return similarities, weights


def _join_words(
    a: Sequence[str],
    b: Sequence[str],
    wa: Sequence[float],
    wb: Sequence[float],
    sa: list[float],
    ea: list[float],
    sb: list[float],
    eb: list[float],
) -> None:
    """Let a word of `a` be two neighbours of `b` written as one ("goodwill", "good will")."""
    for i in range(len(b) - 1):
        joined = b[i] + b[i + 1]
        if len(joined) < c.SHORTEST_JOINED:
            continue
        for k, word in enumerate(a):
            if abs(len(word) - len(joined)) > 2:
                continue
            similarity = _ratio(word, joined)
            if similarity < c.LEAST_JOINED or (
                similarity < 1.0 and not (word.isalpha() and joined.isalpha())
            ):
                continue
            if similarity > sa[k]:
                sa[k], ea[k] = similarity, min(wa[k], wb[i] + wb[i + 1])
            for j in (i, i + 1):
                if similarity > sb[j]:
                    sb[j], eb[j] = similarity, wb[j]


def _begins(
    short: Sequence[str], ss: Sequence[float], long: Sequence[str], sl: Sequence[float], corpus: Corpus
) -> bool:
    """Whether `short` is the beginning of `long` alone ("Costco" of "Costco Wholesale"), its words in any
    order, and may have been cut short."""
    head = [word for word, similarity in zip(short, ss, strict=True) if similarity == 1.0]
    size = sum(similarity > 0.0 for similarity in sl)
    return (
        all(
            similarity == 1.0 or (similarity == 0.0 and word in STRUCTURAL)
            for word, similarity in zip(short, ss, strict=True)
        )
        and 0 < size < len(long)
        and all(similarity == 1.0 for similarity in sl[:size])
        and corpus.is_alone(long[:size])
        and corpus.is_alone(head)
        and " ".join(short) not in corpus.full_names
    )


def _sums(similarities: Sequence[float], weights: Sequence[float]) -> tuple[float, float, float]:
    """Matched, fuzzy and unmatched weight."""
    matched = fuzzy = alone = 0.0
    for similarity, weight in zip(similarities, weights, strict=True):
        if similarity > 0.0:
            matched += similarity * weight
            fuzzy += (1.0 - similarity) * weight
        else:
            alone += weight
    return matched, fuzzy, alone


def _lone_kinds(words: Sequence[str], similarities: Sequence[float]) -> int:
    """The kinds of the words that have no counterpart, added up as flags."""
    kinds = 0
    for word, similarity in zip(words, similarities, strict=True):
        if similarity == 0.0:
            kinds |= word_kind(word)
    return kinds


def _most(a: int, b: int) -> float:
    if a & b & (NUMBER | COUNTRY):
        return c.MOST_FOR_OTHER_QUALIFIER
    if (a | b) & NUMBER:
        return c.MOST_FOR_MISSING_NUMBER
    if (a | b) & COUNTRY:
        return c.MOST_FOR_MISSING_COUNTRY
    return c.MOST_FOR_DIFFERENT
