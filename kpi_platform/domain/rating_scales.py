"""Scales on which customers rate. KPIs of ratings map theirs linearly to 1…5."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

RatingScale = Literal["1-5", "0-5", "1-7", "1-10", "0-10", "0-100"]

USUAL_SCALE: RatingScale = "1-5"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The lowest and the highest rating of a scale, both inclusive."""

    lowest: int
    highest: int

    def __str__(self) -> str:
        return f"{self.lowest}–{self.highest}"


SCALES: Mapping[RatingScale, Bounds] = MappingProxyType(
    {
        "1-5": Bounds(1, 5), "0-5": Bounds(0, 5), "1-7": Bounds(1, 7), "1-10": Bounds(1, 10),
        "0-10": Bounds(0, 10), "0-100": Bounds(0, 100),
    }
)  # fmt: skip
"""From the narrowest to the widest."""
