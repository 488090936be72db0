"""Claims of settings for their customer, and the refusal of a claim that another customer has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kpi_platform.domain.destination_kinds import DESTINATION_KINDS
from kpi_platform.domain.errors import Conflict
from kpi_platform.domain.places import spelled_place
from kpi_platform.domain.settings import CustomerSettings, WarehouseSettings
from kpi_platform.domain.sources import SOURCES

Kind = Literal["connection", "schema", "marts"]
PREVIEW_SUFFIX = "_preview"
ERASED = "a customer that was erased"


@dataclass(frozen=True, slots=True, order=True)
class WantedClaim:
    """A connection or schema that settings want for their customer; `place` is "" for connections. Names are
    in lower case."""

    kind: Kind
    place: str
    name: str
    in_use: bool = True


def claimed_by(document: Mapping[str, Any]) -> tuple[str, set[WantedClaim]]:
    """Returns the place that `document` spells, and all that it wants there. Of a source that is switched off
    it wants no schema that is only the default: it may never have had one."""
    warehouse = WarehouseSettings.model_validate(document.get("warehouse") or {})
    place = spelled_place(warehouse)
    wanted = {WantedClaim("marts", place, mart_schema(warehouse))}
    for source in SOURCES:
        section = document.get(source) or {}
        enabled = section.get("enabled", True)
        if section.get("connection_id"):
            wanted.add(WantedClaim("connection", "", str(section["connection_id"]).lower(), enabled))
        schema = str(section.get("schema") or "").lower()
        if schema and (enabled or schema != _default(source)):
            wanted.add(WantedClaim("schema", place, schema, enabled))
    return place, wanted


def mart_schema(warehouse: WarehouseSettings) -> str:
    """Returns the schema or dataset of the marts, in lower case."""
    is_dataset = DESTINATION_KINDS[warehouse.type].place == "project" and warehouse.dataset
    return str(warehouse.dataset if is_dataset else warehouse.schema_).lower()


class Taken(Conflict):
    """A connection or raw schema is somebody else's. Whose, is no business of a customer's people, who find
    this error also in what their runs have left: only `for_operator` says it."""

    def __init__(self, kind: str, name: str, owner: str | None, customer: str) -> None:
        what = f"connection '{name}'" if kind == "connection" else f"raw schema '{name}'"
        hint = _left_on_default(kind, name, customer)
        super().__init__(
            f"The {what} belongs to another customer already.",
            next_step=hint
            or "Check the settings, or ask the operator, whom `kpi-platform doctor` tells more.",
            details={"kind": kind},
        )
        whose = f"customer '{owner}'" if owner else ERASED
        free = f"erase the data of '{owner}' first: kpi-platform customer erase {owner} --raw-schemas"
        self._in_full = Conflict(
            f"The {what} belongs to {whose}, so customer '{customer}' cannot use it.",
            next_step=hint
            or f"Give '{customer}' a {kind} of its own, or {free if owner else 'drop the schema first'}.",
            details={"kind": kind, "owner": owner, "customer": customer},
        )

    @property
    def for_operator(self) -> Conflict:
        return self._in_full


def _left_on_default(kind: str, name: str, customer: str) -> str:
    for source in SOURCES:
        if kind == "schema" and name == _default(source):
            return (
                f"It is the default of {source}.schema, which only one customer can be left on. Set "
                f"{source}.schema of '{customer}' to the schema that its own connection lands in, such as "
                f"{customer}_{source}; or set {source}.enabled to false if it has no such source."
            )
    return ""


def marts_there(name: str, customer: str) -> Conflict:
    """Returns the error of a raw schema in which marts are built, or the other way round."""
    return Conflict(
        f"The schema '{name}' cannot hold both marts and what Fivetran lands: '{customer}' cannot use it.",
        next_step="Choose another warehouse.schema, or have the connection land in another schema.",
        details={"kind": "schema", "customer": customer},
    )


def _default(source: str) -> str:
    return str(CustomerSettings().source(source).schema_).lower()  # type: ignore[arg-type]
