"""Group the parties of one list that are of the same holder."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from kpi_platform.domain.errors import InvalidInput
from kpi_platform.domain.matching.aliases import read_name
from kpi_platform.domain.matching.cohesion import Groups, cohesive_groups
from kpi_platform.domain.matching.corpus import GENERAL
from kpi_platform.domain.matching.holders import holder_words, learn_holders, without_branch
from kpi_platform.domain.matching.names import initials, parse_name
from kpi_platform.domain.matching.party import GROUPING, MatchPolicy, Party

AT_FIRST_SIGHT = 0.5
"""The threshold of the groups that words are learnt from."""
SHORTEST_INITIALS, LONGEST_INITIALS = 3, 6


def group_parties(parties: Sequence[Party], policy: MatchPolicy = GROUPING) -> dict[str, str]:
    """Returns each party's id → its group's id, which is the smallest id of the group.

    Strategy "exact" groups same normal forms, "domain" parties that share a domain. "fuzzy" makes cohesive
    groups of names that score `policy.threshold` or more as names of one holder; the names that one party
    gives ("A, formerly B") come together. InvalidInput if an id comes twice."""
    twice = [id_ for id_, times in Counter(party.id for party in parties).items() if times > 1]
    if twice:
        raise InvalidInput(
            f"The id '{twice[0]}' comes more than once.", next_step="Give every account an id of its own."
        )
    parties = sorted(parties, key=lambda party: party.id)
    if policy.strategy == "domain":
        keys = [sorted(party.domains) for party in parties]
    elif policy.strategy == "exact":
        keys = [_named(parse_name(party.name).words) for party in parties]
    else:
        keys = _fuzzy_keys([party.name for party in parties], policy.threshold)
    groups = Groups(len(parties))
    first: dict[str, int] = {}
    for i, own in enumerate(keys):
        for key in own:
            groups.join(first.setdefault(key, i), i)
    return {party.id: parties[groups.of(i)].id for i, party in enumerate(parties)}


def _named(words: Sequence[str]) -> list[str]:
    return [" ".join(words)] if words else []


def _fuzzy_keys(names: Sequence[str], threshold: float) -> list[list[str]]:
    """For each name, the groups of names that it belongs to."""
    written = [read_name(name) for name in names]
    forms = [[form for text in each.names for form in _named(holder_words(text))] for each in written]
    frequency = Counter(form for own in forms for form in own)
    corpus = learn_holders(sorted(frequency), cohesive_groups(frequency, GENERAL, AT_FIRST_SIGHT))
    known = {short for each in written for short in each.acronyms}
    known.update(form for form in frequency if " " in form)
    holder = {form: " ".join(without_branch(form.split(), corpus.weights, known)) for form in frequency}
    sizes: Counter[str] = Counter()
    for form, times in frequency.items():
        sizes[holder[form]] += times
    group = cohesive_groups(sizes, corpus, threshold)
    bearers: dict[str, set[str]] = defaultdict(set)
    for own, each in zip(forms, written, strict=True):
        for short in each.acronyms if own else ():
            bearers[short].add(group[holder[own[0]]])
    meant = _meant_by_acronyms(group, bearers)
    return [
        [meant.get(key, key) for key in dict.fromkeys(group[holder[form]] for form in own)] for own in forms
    ]


def _meant_by_acronyms(group: dict[str, str], bearers: dict[str, set[str]]) -> dict[str, str]:
    """The groups of bare acronyms → the one group that bears the acronym, or else has these initials."""
    by_initials: dict[str, set[str]] = defaultdict(set)
    for form, own in group.items():
        for short in initials(form.split()) if form.count(" ") > 1 else ():
            if SHORTEST_INITIALS <= len(short) <= LONGEST_INITIALS:
                by_initials[short].add(own)
    result: dict[str, str] = {}
    for form, own in group.items():
        meant = bearers.get(form) or by_initials.get(form) or set()
        if len(meant) == 1 and meant != {own}:
            result[own] = next(iter(meant))
    return result
