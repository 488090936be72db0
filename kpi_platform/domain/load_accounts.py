"""Finds the account of the dashboard that each incoming account is loaded into: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kpi_platform.domain.load_plan import Array

Outcome = tuple[Literal["match", "review", "none"], int | None]

UNMATCHED = -1


@dataclass(frozen=True, slots=True)
class Targets:
    """`account` holds, by incoming account, the dashboard account's id, or UNMATCHED; the other fields are
    positions of incoming accounts. `missing` are those without a match, which the policy creates, skips or
    refuses; `unknown` those that were never matched."""

    account: Array
    missing: list[int]
    review: list[int]
    unknown: list[int]


def target_accounts(
    source_ids: Sequence[str], outcomes: Mapping[str, Outcome], external_ids: Mapping[str, int]
) -> Targets:
    """Finds the dashboard account of each source account. `outcomes` are the stored matches by source id;
    without one an account is found by its external id."""
    account = np.full(len(source_ids), UNMATCHED, dtype=np.int64)
    missing: list[int] = []
    review: list[int] = []
    unknown: list[int] = []
    for position, source_id in enumerate(source_ids):
        decision, target = outcomes.get(source_id, (None, external_ids.get(source_id)))
        if decision == "review":
            review.append(position)
        elif decision == "none":
            missing.append(position)
        elif target is None:
            unknown.append(position)
        else:
            account[position] = target
    return Targets(account, missing, review, unknown)
