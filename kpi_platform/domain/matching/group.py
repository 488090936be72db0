"""Group the parties of one list that are the same company."""

from collections.abc import Sequence

from kpi_platform.domain.matching.names import normalise_name
from kpi_platform.domain.matching.party import MatchPolicy, Party


def group_parties(parties: Sequence[Party], policy: MatchPolicy) -> dict[str, str]:
    """Each party's id → its group's id, which is the smallest id of the group."""
    first: dict[str, str] = {}
    for party in sorted(parties, key=lambda p: p.id):
        first.setdefault(normalise_name(party.name), party.id)
    return {party.id: first[normalise_name(party.name)] for party in parties}
