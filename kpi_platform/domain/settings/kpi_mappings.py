"""The section about the standard KPIs: each starts from its entry in the catalogue."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model, model_validator

from kpi_platform.domain.kpis import KPIS, Frequency, Impact, Kpi
from kpi_platform.domain.limits import Matching, at_most, refused
from kpi_platform.domain.rating_scales import USUAL_SCALE, RatingScale
from kpi_platform.domain.settings.churn_factors import ChurnFactors
from kpi_platform.domain.settings.section import Blank, Section, Text, section, setting
from kpi_platform.domain.sources import Source
from kpi_platform.domain.titles import EXECUTIVE, NO_EXECUTIVE, TITLE_CHARACTERS

FIELD_OF_KPI: Mapping[str, tuple[tuple[str, ...], str]] = MappingProxyType(
    {slug: (kpi.field.tables, kpi.field.name) for slug, kpi in KPIS.items() if kpi.field}
)
"""KPIs that are read from a mapped field: the landed tables that may have it, and its name in
`custom_fields`."""

FieldName = Annotated[
    str,
    Field(max_length=127),
    Matching(
        r"([a-z_]+\.)?[A-Za-z_][A-Za-z0-9_]*",
        "the name of a field, or of a table and a field with '.' between",
    ),
]
_TITLES = "list of words"

MinSample = Annotated[int, Field(ge=1, le=1000)]
TitleWord = Annotated[
    str,
    Field(min_length=1, max_length=100),
    Matching(TITLE_CHARACTERS, "words of letters, digits, blanks and _ & / ' . , ( ) + -"),
]
Titles = Annotated[tuple[TitleWord, ...], Field(strict=False), at_most(100)]
Names = Annotated[tuple[Text, ...], Field(strict=False), at_most(50)]


class KpiThresholds(Section, kind="meaning"):
    """The values from which an account is healthy or at risk."""

    healthy: float
    at_risk: float


class KpiMapping(Section, kind="meaning"):
    """How one KPI is measured and judged. `window_days` is None for KPIs that take the latest value; `field`
    is None if the name in `custom_fields` holds, and for KPIs that are not read from a mapped field. A value
    of fewer rows than `min_sample` is too few to be judged."""

    enabled: bool
    source: Source
    field: str | None
    calculation: str
    category: Text
    impact_level: Impact
    measurement_frequency: Frequency
    window_days: int | None
    min_sample: int
    thresholds: KpiThresholds

    @property
    def column(self) -> str | None:
        """The name in `field`, without its table."""
        return self.field.rpartition(".")[2] if self.field else None


class RatingMapping(KpiMapping):
    """A mean of ratings also has the scale of these."""

    scale: RatingScale = setting(
        USUAL_SCALE, "Scale on which customers rate, mapped linearly to 1 to 5: of 1-10 a 10 counts 5, a 1 "
        "counts 1.",
    )  # fmt: skip
    max_outside: Annotated[float, Field(ge=0, le=1)] = setting(
        1 / 3, "If a greater share of an account's ratings in the window lies outside the scale, there is no "
        "value: the scale is probably another one. 1: such ratings are left out, however many they are.",
        allowed="0 to 1",
    )  # fmt: skip


class EngagementMapping(KpiMapping):
    """Executive engagement also has its lists of titles, and which tasks are no touch."""

    titles: Titles = setting(
        EXECUTIVE, "A contact is an executive if its title has one of these words; case, dots in "
        "abbreviations (V.P.) and the number of blanks do not matter.", allowed=_TITLES,
    )  # fmt: skip
    not_titles: Titles = setting(
        NO_EXECUTIVE, "A contact is no executive if its title has one of these words, whatever else it says: "
        "an Assistant to the CEO is none.", allowed=_TITLES,
    )  # fmt: skip
    count_emails: bool = setting(
        False, "E-mails count as touches: tasks of the subtypes Email and ListEmail. Off: twelve newsletters "
        "are no engagement.",
    )  # fmt: skip
    planned_days: Annotated[int, Field(ge=0, le=3650)] | None = setting(
        30, "A task without time of completion that was created more than so many days before its activity "
        "date has no time and does not count: it was planned long ahead. Empty: it counts on that date.",
        allowed="0 to 3650",
    )  # fmt: skip


class RetentionTypes(Section, kind="meaning"):
    """Opportunity types that net revenue retention counts, compared without regard to case."""

    new_business: Names = setting(
        ("New Business", "New Customer"), "Opportunity types that are new business: part of the base S.",
        allowed="list of opportunity types",
    )  # fmt: skip
    renewal: Names = setting(
        ("Renewal", "Existing Customer - Replacement"), "Opportunity types that are renewals: part of N "
        "and of S.",
        allowed="list of opportunity types",
    )  # fmt: skip
    expansion: Names = setting(
        ("Upsell", "Cross-sell", "Expansion", "Existing Customer - Upgrade", "Existing Business"),
        "Opportunity types that are expansions: part of N and of S.", allowed="list of opportunity types",
    )  # fmt: skip

    @model_validator(mode="after")
    def _each_type_once(self) -> "RetentionTypes":
        seen: dict[str, str] = {}
        for name in ("new_business", "renewal", "expansion"):
            for kind in getattr(self, name):
                if (first := seen.setdefault(kind.strip().casefold(), name)) != name:
                    words = first.replace("_", " ")
                    raise refused(f"'{kind}' stands in {words} already", field=name)
        return self


class RetentionMapping(KpiMapping):
    """Net revenue retention also has its lists of opportunity types."""

    types: RetentionTypes = section(RetentionTypes, "Opportunity types that count.")


class ChurnMapping(KpiMapping):
    """Churn risk also has its factors."""

    factors: ChurnFactors = section(
        ChurnFactors, "What a churn risk is computed from where the CRM holds none: the weights of the risks "
        "that hold, in percent of the weights of those that are known.",
    )  # fmt: skip


def _thresholds_type(kpi: Kpi) -> type[KpiThresholds]:
    better = kpi.better

    def ordered(self: KpiThresholds) -> KpiThresholds:
        wrong = self.healthy < self.at_risk if better == "high" else self.healthy > self.at_risk
        if wrong:
            side = "below" if better == "high" else "above"
            raise refused(
                f"must not be {side} at_risk ({self.at_risk:g}): for {kpi.display_name} {better} values "
                "are better",
                field="healthy",
            )
        return self

    number = f"number ({kpi.unit}; {better} is better)"
    colours = "colours the web app and drives alerts."
    healthy = f"From here on {kpi.display_name} is healthy: {colours}"
    at_risk = f"From here on an account is at risk by {kpi.display_name}: {colours}"
    return create_model(
        f"Thresholds_{kpi.slug}",
        __base__=KpiThresholds,
        __validators__={"ordered": model_validator(mode="after")(ordered)},  # type: ignore[dict-item]
        healthy=(float, setting(kpi.thresholds.healthy, healthy, allowed=number)),
        at_risk=(float, setting(kpi.thresholds.at_risk, at_risk, allowed=number)),
    )


def _field_check(kpi: Kpi, tables: tuple[str, ...]) -> Any:
    def check(self: KpiMapping) -> KpiMapping:
        table = self.field.rpartition(".")[0] if self.field else ""
        if table and table not in tables:
            raise refused(
                f"must be a field of {' or '.join(tables)}, from which {kpi.display_name} is read",
                field="field",
            )
        return self

    return model_validator(mode="after")(check)


def _mapping_type(kpi: Kpi) -> type[KpiMapping]:
    """The model of one KPI's mapping, with the catalogue's entry as defaults."""
    name, shown = kpi.display_name, f"with which {kpi.display_name} is loaded and shown."
    fixed = f"{name} is always measured so; a custom KPI can measure otherwise."
    thresholds = _thresholds_type(kpi)
    fields: dict[str, Any] = {
        "enabled": (bool, setting(True, f"Compute {name}. Off: its status is disabled, and it is unknown in "
                                  "churn risk and health score.")),
        "source": (Literal[kpi.source], setting(kpi.source, f"Source of {name}. {fixed}")),
        "field": (None, setting(None, f"{name} is not read from a mapped field.")),
        "calculation": (Literal[kpi.formula], setting(kpi.formula, fixed)),
        "category": (Text, setting(kpi.category, f"Category {shown}")),
        "impact_level": (Impact, setting(kpi.impact, f"Impact {shown}")),
        "measurement_frequency": (Frequency, setting(kpi.frequency, f"Frequency of measurement {shown}")),
        "window_days": (None, setting(None, f"{name} takes the latest value and has no window.")),
        "min_sample": (MinSample, setting(1, f"{name} of fewer rows than this is shown as too few, without "
                                          "band and without alerts. 1: every value has its band.",
                                          allowed="1 to 1000")),
        "thresholds": (thresholds, section(thresholds, "Where values are healthy, and where at risk.")),
    }  # fmt: skip
    validators = {}
    if kpi.slug in FIELD_OF_KPI:
        tables, custom_field = FIELD_OF_KPI[kpi.slug]
        named = custom_field.replace("_", " ")
        help = f"Field that {name} is read from; it wins over the custom field '{named}'. Empty: that one."
        allowed = f"field name, or {tables[0]}.field"
        fields["field"] = (Annotated[FieldName | None, Blank], setting(None, help, allowed=allowed))
        validators["field_table"] = _field_check(kpi, tables)
    if kpi.window_days is not None:
        help = f"Days that {name} looks back from the instant that it is computed for."
        days = Annotated[int, Field(ge=1, le=730)]
        fields["window_days"] = (days, setting(kpi.window_days, help, allowed="1 to 730"))
    base = _BASES.get(kpi.slug, KpiMapping)
    return create_model(f"Mapping_{kpi.slug}", __base__=base, __validators__=validators, **fields)


_BASES: Mapping[str, type[KpiMapping]] = {
    "csat": RatingMapping,
    "executive_engagement": EngagementMapping,
    "support_satisfaction": RatingMapping,
    "net_revenue_retention": RetentionMapping,
    "churn_risk": ChurnMapping,
}


_TYPES = {slug: _mapping_type(kpi) for slug, kpi in KPIS.items()}
_SECTIONS: dict[str, Any] = {
    slug: (_TYPES[slug], section(_TYPES[slug], f"{kpi.display_name}: {kpi.formula}."))
    for slug, kpi in KPIS.items()
}
_Standard: Any = create_model("KpiMappings", __base__=Section, **_SECTIONS)


class KpiMappings(_Standard):  # type: ignore[misc]
    """The standard KPIs, as attributes and by slug."""

    if TYPE_CHECKING:
        executive_engagement: EngagementMapping
        net_revenue_retention: RetentionMapping
        churn_risk: ChurnMapping

    def __getitem__(self, slug: str) -> KpiMapping:
        """The mapping of a standard KPI; KeyError for any other name."""
        if slug not in KPIS:
            raise KeyError(slug)
        return getattr(self, slug)  # type: ignore[no-any-return]

    def items(self) -> Iterator[tuple[str, KpiMapping]]:
        """Slug and mapping, in the order of the catalogue."""
        return ((slug, self[slug]) for slug in KPIS)
