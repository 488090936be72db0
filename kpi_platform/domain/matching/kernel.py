# Long: numba keeps compiled code by file, and these functions call each other.
"""The compiled twins of `candidates._nearest` and `score.score_words`, for lists of many names.

Imported only when there are many names: the first import on a machine compiles (seconds), later ones load.
The scores are those of `score`, which is the readable form; tests hold the two together.
"""

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from kpi_platform.domain.matching import coefficients as c
from kpi_platform.domain.matching.candidates import CODES, GRAMS, Floats, Grams, Integers
from kpi_platform.domain.matching.corpus import Corpus
from kpi_platform.domain.matching.score import COUNTRY, NUMBER, STRUCTURE, word_kind

# Compiled code is kept on disk for as long as this file stays as it is, so what another file may change is
# handed to it, in this order.
_CONSTANTS = np.array(
    [
        c.INTERCEPT, *c.COEFFICIENTS, c.LEAST_RATIO, c.ABBREVIATED, c.SHORTEST_JOINED, c.LEAST_JOINED,
        c.SAME_LETTERS, c.MOST_FOR_DIFFERENT, c.MOST_FOR_MISSING_COUNTRY, c.MOST_FOR_MISSING_NUMBER,
        c.MOST_FOR_OTHER_QUALIFIER,
    ]
)  # fmt: skip
(
    LEAST_RATIO, ABBREVIATED, SHORTEST_JOINED, LEAST_JOINED,
    SAME_LETTERS, MOST_FOR_DIFFERENT, MOST_FOR_MISSING_COUNTRY, MOST_FOR_MISSING_NUMBER,
    MOST_FOR_OTHER_QUALIFIER,
) = range(10, 19)  # fmt: skip
_SLICES = 16
COMMON = 300
"""Words of this many names are looked up as a whole, not by their trigrams."""


def _in_threads(work: Callable[[int, int], None], size: int) -> None:
    """Call `work(start, end)` for slices of 0…`size`, on all processors: compiled code holds no GIL."""
    bounds = [size * k // _SLICES for k in range(_SLICES + 1)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        list(threads.map(work, bounds[:-1], bounds[1:]))


def nearest(
    a: Grams, wa: Floats, b: Grams, wb: Floats, candidates: int, postings: int
) -> tuple[Integers, Integers]:
    """Returns the `candidates` nearest names of `b` for each of `a`, judged by a name's rarest trigrams.

    Trigrams are taken from the rarest on until `postings` names were looked at.
    """
    order = np.argsort(b.codes, kind="stable")
    frequency = np.bincount(b.codes, minlength=CODES)
    starts = np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64)
    a, wa = _without_trigrams_of_common_words(a, wa, frequency)
    rarest = np.lexsort((a.codes, frequency[a.codes], a.rows))
    found = np.full((a.names, candidates), -1, np.int32)
    arrays = (
        a.starts(),
        a.codes[rarest],
        wa[rarest],
        starts,
        b.rows[order],
        wb[order],
        b.names,
    )
    _in_threads(lambda start, end: _nearest(start, end, *arrays, postings, found), a.names)
    left, place = np.nonzero(found >= 0)
    return left.astype(np.int64), found[left, place].astype(np.int64)


def _without_trigrams_of_common_words(a: Grams, wa: Floats, frequency: Any) -> tuple[Grams, Floats]:
    """`a` with words alone, at the weight of all their trigrams, if many names have these words unchanged.

    The postings looked at are few: they should not be spent on what says the same again.
    """
    whole = a.codes >= GRAMS
    common = np.zeros(int(a.words.max(initial=-1)) + 1, np.bool_)
    common[a.words[whole]] = frequency[a.codes[whole]] >= COMMON
    trigrams = np.bincount(a.words[~whole], weights=wa[~whole] ** 2, minlength=len(common))
    heavier = whole & common[a.words]
    wa = wa.copy()
    wa[heavier] += (trigrams[a.words[heavier]] / wa[heavier]).astype(np.float32)
    kept = whole | ~common[a.words]
    return Grams(a.names, a.rows[kept], a.codes[kept], a.words[kept]), wa[kept]


@njit(cache=True, nogil=True)
def _nearest(
    start: int, end: int, starts: Any, codes: Any, weights: Any,
    posting_starts: Any, posting_names: Any, posting_weights: Any, names: int, postings: int, found: Any,
) -> None:  # fmt: skip
    candidates = found.shape[1]
    cosine = np.zeros(names, np.float32)
    touched = np.empty(names, np.int32)
    best = np.empty(candidates, np.float32)
    for i in range(start, end):
        count = 0
        seen = 0
        for g in range(starts[i], starts[i + 1]):
            first, last = posting_starts[codes[g]], posting_starts[codes[g] + 1]
            if seen > 0 and seen + last - first > postings:
                break
            seen += last - first
            for p in range(first, last):
                j = posting_names[p]
                if cosine[j] == 0.0:
                    touched[count] = j
                    count += 1
                cosine[j] += weights[g] * posting_weights[p]
        kept = 0
        for t in range(count):
            j = touched[t]
            value = cosine[j]
            cosine[j] = 0.0
            if kept == candidates and (
                value < best[kept - 1] or (value == best[kept - 1] and j > found[i, kept - 1])
            ):
                continue
            place = kept if kept < candidates else candidates - 1
            while place > 0 and (
                best[place - 1] < value or (best[place - 1] == value and found[i, place - 1] > j)
            ):
                best[place] = best[place - 1]
                found[i, place] = found[i, place - 1]
                place -= 1
            best[place] = value
            found[i, place] = j
            if kept < candidates:
                kept += 1


@dataclass(frozen=True)
class _Words:
    """Names as numbers of their words; the words are numbered in alphabetical order."""

    starts: Integers
    words: npt.NDArray[np.int32]


def _numbered(names: Sequence[str], numbers: dict[str, int]) -> _Words:
    starts = np.zeros(len(names) + 1, np.int64)
    np.cumsum([name.count(" ") + 1 for name in names], out=starts[1:])
    words = np.fromiter(map(numbers.__getitem__, " ".join(names).split(" ")), np.int32, int(starts[-1]))
    return _Words(starts, words)


def score_pairs(
    left: Sequence[str], right: Sequence[str], pairs: tuple[Integers, Integers], corpus: Corpus
) -> npt.NDArray[np.float64]:
    """Does what `score.score_words` does for many pairs of indices into `left` and `right` (normal forms,
    none empty)."""
    vocabulary = sorted({*" ".join(left).split(" "), *" ".join(right).split(" ")})
    numbers = {word: number for number, word in enumerate(vocabulary)}
    a, b = _numbered(left, numbers), _numbered(right, numbers)
    letter_starts = np.zeros(len(vocabulary) + 1, np.int64)
    np.cumsum([len(word) for word in vocabulary], out=letter_starts[1:])
    arrays = (
        a.starts, a.words, b.starts, b.words, pairs[0], pairs[1],
        np.frombuffer("".join(vocabulary).encode("ascii") or b" ", np.uint8),
        letter_starts,
        np.array([corpus.weights[word] for word in vocabulary], np.float64),
        np.array([word_kind(word) for word in vocabulary], np.uint8),
        np.fromiter(map(hash, vocabulary), np.int64, len(vocabulary)).view(np.uint64),
        np.array([name in corpus.full_names for name in left], np.bool_),
        np.array([name in corpus.full_names for name in right], np.bool_),
        corpus.shared_heads is not None,
        corpus.shared_heads if corpus.shared_heads is not None else np.empty(0, np.uint64),
        _CONSTANTS,
        int(max(np.diff(a.starts).max(), np.diff(b.starts).max())),
    )  # fmt: skip
    scores = np.zeros(len(pairs[0]))
    _in_threads(lambda start, end: _score_pairs(start, end, *arrays, scores), len(scores))
    return scores


@njit(cache=True, nogil=True)
def _common(a: Any, a0: int, a1: int, b: Any, b0: int, b1: int, masks: Any) -> int:
    """Length of the longest common subsequence of at most 64 letters each (bit-parallel)."""
    size = min(a1 - a0, 64)
    for k in range(size):
        masks[a[a0 + k]] |= np.uint64(1) << np.uint64(k)
    bits = ~np.uint64(0)
    for k in range(b0, min(b1, b0 + 64)):
        hit = bits & masks[b[k]]
        bits = (bits + hit) | (bits - hit)
    for k in range(size):
        masks[a[a0 + k]] = np.uint64(0)
    bits = ~bits
    if size < 64:
        bits &= (np.uint64(1) << np.uint64(size)) - np.uint64(1)
    count = 0
    while bits:
        bits &= bits - np.uint64(1)
        count += 1
    return count


@njit(cache=True, nogil=True)
def _ratio(a: Any, a0: int, a1: int, b: Any, b0: int, b1: int, masks: Any) -> float:
    return 2.0 * _common(a, a0, a1, b, b0, b1, masks) / (min(a1 - a0, 64) + min(b1 - b0, 64))


@njit(cache=True, nogil=True)
def _abbreviates(text: Any, a0: int, a1: int, b0: int, b1: int) -> bool:
    short, long = a1 - a0, b1 - b0
    if short < 3 or 5 * short > 4 * long or text[a0] != text[b0]:
        return False
    prefix = True
    for k in range(short):
        if text[a0 + k] != text[b0 + k]:
            prefix = False
            break
    if prefix:
        return True
    for k in range(a0 + 1, a1 - 1):
        letter = text[k]
        if letter == 97 or letter == 101 or letter == 105 or letter == 111 or letter == 117:
            return False
    k = a0
    for m in range(b0, b1):
        if k < a1 and text[k] == text[m]:
            k += 1
    return k == a1


@njit(cache=True, nogil=True)
def _similarity(x: int, y: int, text: Any, starts: Any, kinds: Any, masks: Any, constants: Any) -> Any:
    if x == y:
        return 1.0
    if kinds[x] == NUMBER or kinds[y] == NUMBER:
        return 0.0
    a0, a1, b0, b1 = starts[x], starts[x + 1], starts[y], starts[y + 1]
    la, lb = min(a1 - a0, 64), min(b1 - b0, 64)
    ratio = 0.0
    if 2.0 * min(la, lb) / (la + lb) >= constants[LEAST_RATIO]:
        ratio = _ratio(text, a0, a1, text, b0, b1, masks)
        if ratio < constants[LEAST_RATIO]:
            ratio = 0.0
    if ratio < constants[ABBREVIATED] and (
        _abbreviates(text, a0, a1, b0, b1) or _abbreviates(text, b0, b1, a0, a1)
    ):
        ratio = constants[ABBREVIATED]
    return ratio


@njit(cache=True, nogil=True)
def _counterparts(a: Any, b: Any, likeness: Any, transposed: bool, s: Any, e: Any, weights: Any) -> None:
    for i in range(len(a)):
        best, effective = 0.0, weights[a[i]]
        for j in range(len(b)):
            similarity = likeness[j, i] if transposed else likeness[i, j]
            lesser = weights[a[i]] if similarity == 1.0 else min(weights[a[i]], weights[b[j]])
            if similarity > best or (similarity == best and best > 0.0 and lesser < effective):
                best, effective = similarity, lesser
        s[i], e[i] = best, effective


@njit(cache=True, nogil=True)
def _join_words(
    a: Any, b: Any, sa: Any, ea: Any, sb: Any, eb: Any,
    text: Any, starts: Any, weights: Any, kinds: Any, masks: Any, joined: Any, constants: Any,
) -> None:  # fmt: skip
    for i in range(len(b) - 1):
        size = 0
        for word in (b[i], b[i + 1]):
            for k in range(starts[word], starts[word + 1]):
                if size < len(joined):
                    joined[size] = text[k]
                    size += 1
        length = starts[b[i] + 1] - starts[b[i]] + starts[b[i + 1] + 1] - starts[b[i + 1]]
        if length < constants[SHORTEST_JOINED]:
            continue
        for k in range(len(a)):
            a0, a1 = starts[a[k]], starts[a[k] + 1]
            if abs(a1 - a0 - length) > 2:
                continue
            similarity = _ratio(text, a0, a1, joined, 0, size, masks)
            if similarity < constants[LEAST_JOINED] or (
                similarity < 1.0 and NUMBER in (kinds[a[k]], kinds[b[i]], kinds[b[i + 1]])
            ):
                continue
            if similarity > sa[k]:
                sa[k] = similarity
                ea[k] = min(weights[a[k]], weights[b[i]] + weights[b[i + 1]])
            for j in (i, i + 1):
                if similarity > sb[j]:
                    sb[j] = similarity
                    eb[j] = weights[b[j]]


@njit(cache=True, nogil=True)
def _is_alone(words: Any, hashes: Any, shared: Any) -> bool:
    total = np.uint64(0)
    for word in words:
        total += hashes[word]
    low, high = 0, len(shared)
    while low < high:
        middle = (low + high) // 2
        if shared[middle] < total:
            low = middle + 1
        else:
            high = middle
    return low == len(shared) or shared[low] != total


@njit(cache=True, nogil=True)
def _begins(short: Any, ss: Any, long: Any, sl: Any, kinds: Any, hashes: Any, shared: Any) -> bool:
    head = short.copy()
    kept = 0
    for i in range(len(short)):
        if ss[i] == 1.0:
            head[kept] = short[i]
            kept += 1
        elif ss[i] != 0.0 or kinds[short[i]] != STRUCTURE:
            return False
    size = 0
    while size < len(long) and sl[size] == 1.0:
        size += 1
    if size == 0 or size == len(long):
        return False
    for i in range(size, len(long)):
        if sl[i] > 0.0:
            return False
    return _is_alone(long[:size], hashes, shared) and _is_alone(head[:kept], hashes, shared)


@njit(cache=True, nogil=True)
def _letters(words: Any, text: Any, starts: Any, into: Any) -> int:
    """Write the words' letters without blanks; their number, which may be more than `into` has room for."""
    size = 0
    for word in words:
        for k in range(starts[word], starts[word + 1]):
            if size < len(into):
                into[size] = text[k]
            size += 1
    return size


@njit(cache=True, nogil=True)
def _sums(words: Any, s: Any, e: Any, kinds: Any) -> tuple[float, float, float, int]:
    """Matched, fuzzy and unmatched weight, and the kinds of the unmatched words."""
    matched = fuzzy = alone = 0.0
    lone = 0
    for i in range(len(words)):
        if s[i] > 0.0:
            matched += s[i] * e[i]
            fuzzy += (1.0 - s[i]) * e[i]
        else:
            alone += e[i]
            lone |= kinds[words[i]]
    return matched, fuzzy, alone, lone


@njit(cache=True, nogil=True)
def _score_pairs(
    start: int, end: int, a_starts: Any, a_words: Any, b_starts: Any, b_words: Any, lefts: Any, rights: Any,
    text: Any, starts: Any, weights: Any, kinds: Any, hashes: Any, a_full: Any, b_full: Any,
    knows_heads: bool, shared: Any, constants: Any, longest: int, scores: Any,
) -> None:  # fmt: skip
    masks = np.zeros(128, np.uint64)
    joined = np.empty(64, np.uint8)
    la, lb = np.empty(512, np.uint8), np.empty(512, np.uint8)
    sa, ea, sb, eb = np.empty(longest), np.empty(longest), np.empty(longest), np.empty(longest)
    likeness = np.empty((longest, longest))
    for p in range(start, end):
        a = a_words[a_starts[lefts[p]] : a_starts[lefts[p] + 1]]
        b = b_words[b_starts[rights[p]] : b_starts[rights[p] + 1]]
        scores[p] = _score(
            a, b, likeness, sa, ea, sb, eb, la, lb, text, starts, weights, kinds, masks, joined, constants,
            hashes, knows_heads and not a_full[lefts[p]], knows_heads and not b_full[rights[p]], shared,
        )  # fmt: skip


@njit(cache=True, nogil=True)
def _sorted(words: Any) -> Any:
    """A sorted copy, by insertion: names have few words, and NumPy's sort takes seconds to compile."""
    result = words.copy()
    for k in range(1, len(result)):
        word, place = result[k], k
        while place > 0 and result[place - 1] > word:
            result[place] = result[place - 1]
            place -= 1
        result[place] = word
    return result


@njit(cache=True, nogil=True)
def _same(a: Any, b: Any) -> bool:
    if len(a) != len(b):
        return False
    for k in range(len(a)):  # noqa: SIM110 (compiled: no generators)
        if a[k] != b[k]:
            return False
    return True


@njit(cache=True, nogil=True)
def _score(
    a: Any, b: Any, likeness: Any, sa: Any, ea: Any, sb: Any, eb: Any, la: Any, lb: Any,
    text: Any, starts: Any, weights: Any, kinds: Any, masks: Any, joined: Any, constants: Any,
    hashes: Any, a_may_begin: bool, b_may_begin: bool, shared: Any,
) -> Any:  # fmt: skip
    if _same(a, b):
        return 1.0
    a_size, b_size = _letters(a, text, starts, la), _letters(b, text, starts, lb)
    if a_size == b_size and a_size <= len(la) and _same(la[:a_size], lb[:b_size]):
        return constants[SAME_LETTERS]
    letters = _ratio(la, 0, min(a_size, 64), lb, 0, min(b_size, 64), masks)
    a_sorted, b_sorted = _sorted(a), _sorted(b)
    if _same(a_sorted, b_sorted):
        return constants[SAME_LETTERS]
    _letters(a_sorted, text, starts, la)
    _letters(b_sorted, text, starts, lb)
    letters = max(letters, _ratio(la, 0, min(a_size, 64), lb, 0, min(b_size, 64), masks))
    for i in range(len(a)):
        for j in range(len(b)):
            likeness[i, j] = _similarity(a[i], b[j], text, starts, kinds, masks, constants)
    _counterparts(a, b, likeness, False, sa, ea, weights)
    _counterparts(b, a, likeness, True, sb, eb, weights)
    _join_words(a, b, sa, ea, sb, eb, text, starts, weights, kinds, masks, joined, constants)
    _join_words(b, a, sb, eb, sa, ea, text, starts, weights, kinds, masks, joined, constants)
    matched_a, fuzzy_a, alone_a, lone_a = _sums(a, sa, ea, kinds)
    matched_b, fuzzy_b, alone_b, lone_b = _sums(b, sb, eb, kinds)
    coverage = min(matched_a / (matched_a + fuzzy_a + alone_a), matched_b / (matched_b + fuzzy_b + alone_b))
    z = constants[0]
    z += constants[1] * coverage
    z += constants[2] * max(0.0, coverage - 0.7)
    z += constants[3] * max(0.0, coverage - 0.85)
    z += constants[4] * (min(min(matched_a, matched_b), 20.0) / 10.0)
    z += constants[5] * (-min(min(alone_a, alone_b), 12.0) / 10.0)
    z += constants[6] * (-min(max(fuzzy_a, fuzzy_b), 6.0))
    z += constants[7] * letters
    z += constants[8] * (sa[0] * sb[0])
    if (a_may_begin and _begins(a, sa, b, sb, kinds, hashes, shared)) or (
        b_may_begin and _begins(b, sb, a, sa, kinds, hashes, shared)
    ):
        z += constants[9] * (min(min(matched_a, matched_b), 10.0) / 10.0)
    most = constants[MOST_FOR_DIFFERENT]
    if lone_a & lone_b & (NUMBER | COUNTRY):
        most = constants[MOST_FOR_OTHER_QUALIFIER]
    elif (lone_a | lone_b) & NUMBER:
        most = constants[MOST_FOR_MISSING_NUMBER]
    elif (lone_a | lone_b) & COUNTRY:
        most = constants[MOST_FOR_MISSING_COUNTRY]
    p = min(1.0 / (1.0 + math.exp(-z)), most)
    return math.floor(p * 10_000.0 + 0.5) / 10_000.0
