"""KPIs that a customer defines in its settings, as data: nothing of a definition is ever SQL text.

A definition names fields the way the settings do (API name or landed name). Before a build it is resolved
against the landed columns (`domain/landed.py`), and only then do its identifiers reach the warehouse.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from kpi_platform.domain.kpis import CATEGORIES, KPIS, Direction, Frequency, Impact
from kpi_platform.domain.limits import Matching, Slug, at_most
from kpi_platform.domain.sources import SOURCE_TABLES, Source

Aggregate = Literal["count", "count_distinct", "sum", "avg", "min", "max", "median"]
Operator = Literal[
    "eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "contains", "starts_with", "is_null", "is_not_null"
]
Scalar = bool | int | float | str

ACCOUNT_TABLES: dict[Source, tuple[str, ...]] = {
    source: tuple(table.name for table in tables if table.of_account)
    for source, tables in SOURCE_TABLES.items()
}
"""The tables whose rows belong to an account, which is what a KPI is measured for."""

MAX_CONDITIONS = 50
MAX_DEPTH = 5

FieldName = Annotated[
    str,
    Matching(
        r"[A-Za-z_][A-Za-z0-9_]{0,127}",
        "the name of a field: letters, digits and '_', not beginning with a digit",
    ),
    Field(description="A Salesforce API name or the landed name."),
]


class _Definition(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _one_refusal(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Instead of one for every form that a value may have."""
    try:
        return handler(value)
    except ValidationError:
        raise PydanticCustomError(
            "refused",
            "{message}",
            {"message": "must be a text, a number, true, false, or a list of 1 to 1000"},
        ) from None


Value = Annotated[
    Scalar | Annotated[tuple[Scalar, ...], Field(min_length=1, max_length=1000)] | None,
    WrapValidator(_one_refusal),
]


class Comparison(_Definition):
    """`field operator value`. Text compares exactly, `contains` and `starts_with` ignoring case. A NULL field
    satisfies `is_null` alone."""

    field: FieldName
    operator: Operator
    value: Value = None

    @model_validator(mode="after")
    def _value_fits_operator(self) -> Self:
        if self.operator in ("is_null", "is_not_null"):
            if self.value is not None:
                raise ValueError(f"'{self.operator}' takes no value")
        elif self.operator in ("in", "not_in"):
            if not isinstance(self.value, tuple):
                raise ValueError(f"'{self.operator}' takes a list of values")
            if len({_kind_of_value(value) for value in self.value}) > 1:
                raise ValueError("the values of a list must be of one kind")
        elif self.operator in ("contains", "starts_with"):
            if not isinstance(self.value, str) or not self.value:
                raise ValueError(f"'{self.operator}' takes a text")
        elif self.value is None or isinstance(self.value, tuple):
            raise ValueError(f"'{self.operator}' takes one value")
        return self


class And(_Definition):
    """All of the conditions hold."""

    conditions: Annotated[tuple["Condition", ...], Field(alias="and", min_length=1), at_most(MAX_CONDITIONS)]


class Or(_Definition):
    """At least one of the conditions holds."""

    conditions: Annotated[tuple["Condition", ...], Field(alias="or", min_length=1), at_most(MAX_CONDITIONS)]


def _condition_tag(condition: Any) -> str:
    """Names the form, so that a mistake is reported for the form that was meant."""
    if isinstance(condition, dict):
        return next((tag for tag in ("and", "or") if tag in condition), "comparison")
    return {And: "and", Or: "or"}.get(type(condition), "comparison")


Condition = Annotated[
    Annotated[Comparison, Tag("comparison")] | Annotated[And, Tag("and")] | Annotated[Or, Tag("or")],
    Discriminator(_condition_tag),
]


class Measure(_Definition):
    """One aggregate over the rows that pass the filters. All `filters` of the list must hold."""

    aggregate: Aggregate
    field: FieldName | None = None
    filters: Annotated[tuple[Condition, ...], at_most(MAX_CONDITIONS)] = ()

    @model_validator(mode="after")
    def _field_fits_aggregate(self) -> Self:
        _require_field(self.aggregate, self.field)
        _limit(self.filters)
        return self


class CustomThresholds(_Definition):
    """The values from which an account is healthy or at risk, in the direction that is better."""

    healthy: Annotated[float, Field(allow_inf_nan=False)]
    at_risk: Annotated[float, Field(allow_inf_nan=False)]


class CustomKpi(_Definition):
    """A further KPI of one customer: one aggregate of one source table by account.

    `aggregate: ratio` divides `numerator` by `denominator` (in percent, if the unit is `percent`) and has
    no field of its own; `filters` then apply to both. Without `window_days` all rows count; with it those
    whose `time_field` is in `[as_of - window_days, as_of)`.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)]
    slug: Slug
    source: Source
    table: str
    aggregate: Literal[Aggregate, "ratio"]
    field: FieldName | None = None
    filters: Annotated[tuple[Condition, ...], at_most(MAX_CONDITIONS)] = ()
    numerator: Measure | None = None
    denominator: Measure | None = None
    time_field: FieldName | None = None
    window_days: Annotated[int, Field(ge=1, le=730)] | None = None
    unit: Annotated[str, Field(min_length=1, max_length=20)] = "count"
    direction: Direction = "high"
    category: Annotated[str, Field(min_length=1, max_length=100)] = CATEGORIES[0]
    impact: Impact = "Medium"
    frequency: Frequency = "Daily"
    thresholds: CustomThresholds | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.slug in KPIS:
            raise ValueError(f"slug: '{self.slug}' is a standard KPI; choose another")
        if self.table not in ACCOUNT_TABLES[self.source]:
            tables = ", ".join(ACCOUNT_TABLES[self.source])
            raise ValueError(f"table: '{self.table}' of {self.source} has no account; use one of {tables}")
        if self.aggregate == "ratio":
            if self.numerator is None or self.denominator is None:
                raise ValueError("aggregate: a ratio needs a numerator and a denominator")
            if self.field is not None:
                raise ValueError("field: a ratio has its fields in numerator and denominator")
        else:
            if self.numerator is not None or self.denominator is not None:
                raise ValueError("numerator, denominator: only a ratio has them")
            _require_field(self.aggregate, self.field)
        if self.window_days is not None and self.time_field is None:
            raise ValueError("time_field: a window needs the field that says when a row happened")
        _limit(self.filters)
        self._check_thresholds()
        return self

    def fields(self) -> set[str]:
        """Returns every field that the definition names."""
        measures = [measure for measure in (self.numerator, self.denominator) if measure is not None]
        filters = [*self.filters, *(condition for measure in measures for condition in measure.filters)]
        named = [self.field, self.time_field, *(measure.field for measure in measures)]
        return {name for name in named if name} | {one.field for one in comparisons(tuple(filters))}

    def _check_thresholds(self) -> None:
        if self.thresholds is None:
            return
        healthy, at_risk = self.thresholds.healthy, self.thresholds.at_risk
        if (healthy < at_risk) if self.direction == "high" else (healthy > at_risk):
            raise ValueError(f"thresholds: healthy and at_risk are the wrong way round for {self.direction}")


def comparisons(conditions: tuple[Condition, ...]) -> Iterator[Comparison]:
    """Yields every comparison of the nested conditions."""
    for condition in conditions:
        if isinstance(condition, Comparison):
            yield condition
        else:
            yield from comparisons(condition.conditions)


def _require_field(aggregate: str, field: str | None) -> None:
    if aggregate == "count" and field is not None:
        raise ValueError("field: count counts rows; use count_distinct for a field")
    if aggregate != "count" and field is None:
        raise ValueError(f"field: '{aggregate}' needs one")


def _limit(conditions: tuple[Condition, ...]) -> None:
    if sum(1 for _ in comparisons(conditions)) > MAX_CONDITIONS:
        raise ValueError(f"filters: at most {MAX_CONDITIONS} conditions")
    if _depth(conditions) > MAX_DEPTH:
        raise ValueError(f"filters: at most {MAX_DEPTH} levels")


def _depth(conditions: tuple[Condition, ...]) -> int:
    nested = (_depth(c.conditions) for c in conditions if not isinstance(c, Comparison))
    return 1 + max(nested, default=0)


def _kind_of_value(value: Scalar) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text"
