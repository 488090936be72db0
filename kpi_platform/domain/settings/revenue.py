"""The section about money: in which currency amounts are compared, and at which rate."""

from typing import Annotated, Literal

from pydantic import Field

from kpi_platform.domain.limits import Matching
from kpi_platform.domain.settings.section import Section, setting

CORPORATE, AS_LANDED = "corporate", "as_landed"

Currency = Annotated[
    str,
    Field(max_length=20),
    Matching(
        f"{CORPORATE}|{AS_LANDED}|[A-Z]{{3}}",
        f"{CORPORATE}, {AS_LANDED}, or a currency's code of three capital letters, such as EUR",
    ),
]


class RevenueSettings(Section, kind="meaning"):
    """How amounts in several currencies become comparable."""

    currency: Currency = setting(
        CORPORATE, "Currency into which amounts of opportunities and the revenue of accounts are converted "
        "before they are added up. corporate: the one that Salesforce names so; EUR: that one. as_landed: "
        "nothing is converted, amounts in different currencies are added as they are.",
        allowed="corporate, as_landed, or an ISO code",
    )  # fmt: skip
    fx: Literal["constant", "dated"] = setting(
        "constant", "Rate of an opportunity's amount. constant: the one valid at the instant that values are "
        "computed for, so that rates alone move no ratio. dated: the one of its close date, as in "
        "Salesforce's own reports.",
    )  # fmt: skip
