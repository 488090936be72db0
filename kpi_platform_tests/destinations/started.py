"""The server that a destination's test module has started, for the conformance suite."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kpi_platform.adapters.destination.protocol import StepName


@dataclass(frozen=True, slots=True)
class Refusal:
    """A connection test that must fail at `step`, with an error that has `says` in it. `warehouse` and
    `environment` are laid over those that work."""

    case: str
    step: StepName
    says: str
    warehouse: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    raw_schema: str | None = None
    limit_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class StartedDestination:
    """A server that was started empty. `warehouse` is the section of the settings and `environment` the
    variables with which the platform reaches it; `service` and `landing` those of the local Fivetran.
    `secrets` must appear nowhere. `says_which`: a pattern of how the server names its place, if it does.
    `json`: what the server calls a column of JSON, and how it makes one of the text {}; None without any.
    `tolerance`: by how much numbers may differ from DuckDB's, however small they are."""

    service: str
    landing: Mapping[str, Any]
    warehouse: Mapping[str, Any]
    environment: Mapping[str, str]
    refusals: Sequence[Refusal] = ()
    secrets: Sequence[str] = ()
    says_which: str | None = None
    json: tuple[str, str] | None = None
    tolerance: float = 1e-12
