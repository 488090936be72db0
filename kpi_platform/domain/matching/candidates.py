"""Blocking: for each name the few names of the other list that are worth scoring, never all of them.

Names are compared by the cosine of their words' letter trigrams, weighed by rarity. Word order does not
matter, and a misspelt word still shares most of its trigrams."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

CANDIDATES = 10
"""How many candidates a name gets at most."""
MANY_NAMES = 50_000
"""From here on the plain way takes longer than to compile the kernel, as the first use does."""
POSTINGS = 14_000
"""With many names, how many postings of a name's rarest trigrams are looked at."""

_LETTERS = 37  # 26 letters, 10 digits, and the blank
GRAMS = _LETTERS**3
WORD_BITS = 18
CODES = GRAMS + 2**WORD_BITS
_POWERS = np.cumprod(np.full(64, 0x9E3779B97F4A7C15, dtype=np.uint64))
_CODES = np.zeros(256, dtype=np.int32)
_CODES[np.frombuffer(b"abcdefghijklmnopqrstuvwxyz0123456789", dtype=np.uint8)] = np.arange(1, _LETTERS)

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Grams:
    """The trigrams and words of a list of names, side by side.

    `rows` are the names (ascending), `codes` less than GRAMS are trigrams, others words; `words` numbers the
    words of the list, so that a trigram's word is known.
    """

    names: int
    rows: npt.NDArray[np.int32]
    codes: npt.NDArray[np.int32]
    words: npt.NDArray[np.int32]

    def weights(self, rarity: Floats) -> Floats:
        """Returns weights that make each name's vector one unit long."""
        weights = rarity[self.codes]
        length = np.sqrt(np.bincount(self.rows, weights=weights * weights, minlength=self.names))
        return (weights / np.maximum(length, 1e-9)[self.rows]).astype(np.float32)

    def starts(self) -> Integers:
        """Returns the positions at which each name's trigrams start, and the end."""
        return np.concatenate([[0], np.cumsum(np.bincount(self.rows, minlength=self.names))]).astype(np.int64)


def candidate_pairs(left: Sequence[str], right: Sequence[str]) -> tuple[Integers, Integers]:
    """Indices into `left` and `right` (normal forms) of the pairs to score, by left and the best first.

    A name without letters or digits gets no candidate.
    """
    if not left or not right:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    a, b = _grams(left), _grams(right)
    frequency = np.bincount(a.codes, minlength=CODES) + np.bincount(b.codes, minlength=CODES)
    rarity = np.log((len(left) + len(right) + 1) / (frequency + 0.5)).clip(min=0.01).astype(np.float32)
    if len(left) >= MANY_NAMES:
        from kpi_platform.domain.matching import kernel

        return kernel.nearest(a, a.weights(rarity), b, b.weights(rarity), CANDIDATES, POSTINGS)
    return _nearest(a, a.weights(rarity), b, b.weights(rarity))


def _grams(names: Sequence[str]) -> Grams:
    # Each name stands between blanks, and each word does: " alpha  beta ". A trigram around a blank is none.
    text = np.frombuffer(
        ("".join(f" {name.replace(' ', '  ')} " for name in names)).encode("ascii"), np.uint8
    )
    codes = _CODES[text]
    lengths = np.fromiter((len(name) + name.count(" ") + 2 for name in names), np.int64, len(names))
    rows = np.repeat(np.arange(len(names), dtype=np.int32), lengths)
    grams = (codes[:-2] * _LETTERS + codes[1:-1]) * _LETTERS + codes[2:]
    middles = np.flatnonzero(codes[1:-1])
    # Whole words, by the hash of their letters: rarer than their trigrams, they lead straight to the
    # likeliest.
    starts = np.flatnonzero((codes[1:] != 0) & (codes[:-1] == 0)) + 1
    word = np.zeros(len(codes), dtype=np.int32)
    word[starts] = 1
    word = np.cumsum(word, dtype=np.int32) - 1
    place = np.arange(len(codes)) - starts[word] if len(starts) else word
    hashes = np.zeros(len(starts), dtype=np.uint64)
    np.add.at(
        hashes, word[1:-1][middles], (codes.astype(np.uint64) * _POWERS[place % len(_POWERS)])[1:-1][middles]
    )
    whole = GRAMS + (hashes >> np.uint64(64 - WORD_BITS)).astype(np.int32)
    all_rows = np.concatenate([rows[1:-1][middles], rows[starts]])
    order = np.argsort(all_rows, kind="stable")
    return Grams(
        len(names),
        all_rows[order],
        np.concatenate([grams[middles], whole])[order],
        np.concatenate([word[1:-1][middles], np.arange(len(starts), dtype=np.int32)])[order],
    )


def _nearest(a: Grams, wa: Floats, b: Grams, wb: Floats) -> tuple[Integers, Integers]:
    matrix = csr_array((wa, a.codes, a.starts()), shape=(a.names, CODES))
    other = csr_array((wb, b.codes, b.starts()), shape=(b.names, CODES)).T.tocsr()
    step = max(1, 2_000_000 // b.names)
    lefts, rights = [], []
    for start in range(0, a.names, step):
        product = (matrix[start : start + step] @ other).tocsr()
        for row in range(product.shape[0]):
            cells = slice(product.indptr[row], product.indptr[row + 1])
            found, cosines = product.indices[cells], product.data[cells]
            if len(found) > CANDIDATES:
                near = cosines >= np.partition(cosines, -CANDIDATES)[-CANDIDATES]
                found, cosines = found[near], cosines[near]
            best = np.lexsort((found, -cosines))[:CANDIDATES]
            lefts.append(np.full(len(best), start + row, dtype=np.int64))
            rights.append(found[best].astype(np.int64))
    return np.concatenate(lefts), np.concatenate(rights)
