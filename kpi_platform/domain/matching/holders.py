"""Names as those of holders: what their words say, and which words only name a branch."""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence

import numpy as np

from kpi_platform.domain.matching.corpus import Corpus, WordWeights
from kpi_platform.domain.matching.doubts import distinguishes
from kpi_platform.domain.matching.holder_words import COUNTRY_OF, GROUPING_COMMONNESS, KINDS
from kpi_platform.domain.matching.names import initials, parse_name
from kpi_platform.domain.matching.places import BRANCH, BRANCH_KINDS, COMPOUNDS, PLACES
from kpi_platform.domain.matching.words import COUNTRIES, STRUCTURAL

MOST_OF_A_NAME = 2
"""How many further holders a word that is a name by itself counts as having: a brand has many branches."""
_TAIL = frozenset(
    {"of", "in", "group", "holdings", "company", "corporation", "international", "global", "worldwide"}
)
_SPELLINGS = {**COUNTRY_OF, "associates": "association"}


def holder_words(name: str) -> list[str]:
    """Returns the words of `name` in normal form: nationalities are countries ("Dutch" is "of the
    Netherlands"), and initials of the other words are left out."""
    words = [_SPELLINGS.get(word, word) for word in parse_name(name).words]
    for short, rest in ((words[-1:], words[:-1]), (words[:1], words[1:])):
        if len(rest) > 2 and len(short[0]) > 2 and short[0] in initials(rest):
            return rest
    return words


def learn_holders(forms: Sequence[str], group: Mapping[str, str]) -> Corpus:
    """Learns from normal forms, and the group that each is in at first sight, what words say.

    A word is as common as it has holders, however long the list is and however many spellings a holder has.
    Holders count that another word tells apart: of "Shell Oil" and "Shell Canada" none does."""
    holders: dict[str, set[str]] = defaultdict(set)
    heads: dict[int, set[str]] = defaultdict(set)
    for form in forms:
        words, head = form.split(), 0
        for word in words:
            head = (head + hash(word)) & (2**64 - 1)
            heads[head].add(group[form])
            rest = {other for other in words if other != word} - STRUCTURAL
            if any(map(_is_unknown, rest)) or not (rest <= PLACES or rest.isdisjoint(PLACES)):
                holders[word].add(group[form])
    alone = set(forms)
    counts = {word: len(own) - 1 for word, own in holders.items()}
    counts |= {
        word: min(count, MOST_OF_A_NAME)
        for word, count in counts.items()
        if word in alone and _is_unknown(word)
    }
    # Two groups that begin so may be the pair that is compared.
    shared = np.array(sorted(head for head, own in heads.items() if len(own) > 2), np.uint64)
    return Corpus(WordWeights(counts, 0, GROUPING_COMMONNESS), shared)


def _is_unknown(word: str) -> bool:
    return (
        word.isalpha() and word not in GROUPING_COMMONNESS and word not in PLACES and word not in STRUCTURAL
    )


def without_branch(words: list[str], weights: WordWeights, known: Container[str]) -> list[str]:
    """Returns `words` without the branch or place at their end, if what stays has a word that distinguishes
    it, or is `known` as a name. "Bank of Canada" keeps its place, "Bayer Canada" does not."""
    end = kept = _without_office(words)
    while end > 1:
        if tuple(words[end - 2 : end]) in COMPOUNDS and end > 2:
            end -= 2
        elif words[end - 1] in _TAIL or (
            words[end - 1] in PLACES and (words[end - 2] != "of" or words[end - 1] in COUNTRIES)
        ):
            end -= 1
        else:
            break
        rest = words[:end]
        if " ".join(rest) in known or (
            KINDS.isdisjoint(words) and any(len(word) > 2 and distinguishes(word, weights) for word in rest)
        ):
            kept = end
    return words[:kept]


def _without_office(words: list[str]) -> int:
    """The end of `words` without "Brussels Office", "Head Office"."""
    if words[-1] not in BRANCH:
        return len(words)
    end = len(words) - 1
    while end > 1 and words[end - 1] in BRANCH_KINDS:
        end -= 1
    while end > 1 and words[end - 1] in PLACES:
        end -= 1
    return end if 0 < end < len(words) - 1 else len(words)
