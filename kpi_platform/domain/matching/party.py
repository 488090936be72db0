"""Input and output of account matching: parties, the policy, matches with their candidates.

A party is one account of the source or of the dashboard. All types are frozen; a run of the same input, in
any order of rows, gives the same output."""

from dataclasses import dataclass
from typing import Literal

from kpi_platform.domain.errors import InvalidInput

Strategy = Literal["exact", "fuzzy", "domain"]
Method = Literal["id", "decision", "exact", "fuzzy", "domain", "none"]
Decision = Literal["match", "review", "none"]


@dataclass(frozen=True, slots=True)
class Party:
    """One account. `domains` holds registrable domains (`domains.registrable_domain`), none by default."""

    id: str
    name: str
    domains: frozenset[str] = frozenset()
    city: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class MatchPolicy:
    """How a customer wants accounts matched; the scores are those of `score.score_words` (0…1).

    At `threshold` or above a match is accepted, from `review_threshold` on it goes to review.
    """

    strategy: Strategy = "fuzzy"
    threshold: float = 0.85
    review_threshold: float = 0.70

    def __post_init__(self) -> None:
        if self.strategy not in ("exact", "fuzzy", "domain"):
            raise InvalidInput(
                f"'{self.strategy}' is not a matching strategy.", next_step="Use exact, fuzzy or domain."
            )
        if not 0.0 <= self.review_threshold <= self.threshold <= 1.0:
            raise InvalidInput(
                f"The thresholds {self.review_threshold} (review) and {self.threshold} (match) do not fit.",
                next_step="Choose 0 ≤ review threshold ≤ threshold ≤ 1.",
            )


GROUPING = MatchPolicy("fuzzy", threshold=0.3, review_threshold=0.3)
"""Grouping gives each name its likeliest company and overwrites nothing, so it joins more than matching
accepts."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A right party that a left one could be; `score` is in 0…1, `reason` says why in words."""

    right_id: str
    score: float
    method: Method
    reason: str


@dataclass(frozen=True, slots=True)
class Match:
    """The outcome for one left party.

    `decision` is "match" (accepted: `right_id` is set), "review" (`right_id` is the best proposal, or None
    when its best candidate was given to another) or "none" (`right_id` is None). `candidates` are the best
    first."""

    left_id: str
    right_id: str | None
    score: float
    method: Method
    decision: Decision
    reason: str
    candidates: tuple[Candidate, ...] = ()
