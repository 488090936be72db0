"""Types of the Salesforce accounts that count as customers."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from kpi_platform.domain.limits import Matching, at_most, refused
from kpi_platform.domain.settings.section import Section, Text, setting

ALL_TYPES = "*"
"""Alone in the list of customers: every account counts, those without a type too."""

TypePrefix = Annotated[Text, Matching(r".*\S.*", "a type or the beginning of one")]
Prefixes = Annotated[tuple[TypePrefix, ...], Field(strict=False), at_most(50)]


class AccountTypes(Section, kind="meaning"):
    """Prefixes of account types, compared with regard to case. An account counts if its type begins with one
    of `customer` and with none of `former`; one without a type does not count."""

    customer: Prefixes = setting(
        ("Customer",), "Accounts of these types count; an entry is the beginning of a type, with regard to "
        "case: Customer takes Customer - Direct too. * alone takes every account.",
        allowed="list of types or beginnings of types, or * alone",
    )  # fmt: skip
    former: Prefixes = setting(
        ("Former", "Customer - Churned", "Customer - Former"), "Accounts of these types do not count, even "
        "if they are in the list above: Former takes Former Customer too.",
        allowed="list of types or beginnings of types",
    )  # fmt: skip

    @model_validator(mode="after")
    def _some_account_may_count(self) -> "AccountTypes":
        if not self.customer:
            raise refused("must name a type: without one no account counts; * takes all", field="customer")
        if self.takes_all and len(self.customer) > 1:
            raise refused(f"must be {ALL_TYPES} alone, or types without it", field="customer")
        if ALL_TYPES in map(str.strip, self.former):
            raise refused(f"must not be {ALL_TYPES}: no account would count", field="former")
        return self

    @property
    def takes_all(self) -> bool:
        """Whether every type counts, and no type."""
        return ALL_TYPES in map(str.strip, self.customer)

    def var(self) -> dict[str, Any]:
        """Returns the lists as dbt gets them, trimmed; `customer` is None if every type counts."""
        return {
            "customer": None if self.takes_all else [prefix.strip() for prefix in self.customer],
            "former": [prefix.strip() for prefix in self.former],
        }
