"""The section about money: what recurring revenue is read from, in which currency amounts are compared."""

from typing import Annotated, Literal

from pydantic import Field

from kpi_platform.domain.limits import Matching, at_most
from kpi_platform.domain.settings.section import Section, Text, setting

CORPORATE, AS_LANDED = "corporate", "as_landed"
Basis = Literal["auto", "bookings", "contract_terms", "asset_periods"]

Currency = Annotated[
    str,
    Field(max_length=20),
    Matching(
        f"{CORPORATE}|{AS_LANDED}|[A-Z]{{3}}",
        f"{CORPORATE}, {AS_LANDED}, or a currency's code of three capital letters, such as EUR",
    ),
]


class RevenueSettings(Section, kind="meaning"):
    """The basis of recurring revenue, and how amounts in several currencies become comparable."""

    basis: Basis = setting(
        "auto", "What net revenue retention, gross revenue retention and growth are measured from. "
        "contract_terms: the terms of won opportunities and their contracts, spread over the months that "
        "they run. asset_periods: the monthly recurring revenue of asset state periods. bookings: the "
        "amounts won in a window, whatever they pay for. auto: the first of asset_periods, contract_terms "
        "and bookings that Salesforce has values for. Example: 300,000 won for three years is 100,000 a "
        "year; bookings: 300,000 in the first year and nothing in the others.",
    )  # fmt: skip
    default_term_months: int = setting(
        12, "Months that an opportunity runs if neither it nor its contract says how long. "
        "Example: with 12, 50,000 won in May runs until the next May.",
        ge=1, le=120,
    )  # fmt: skip
    late_renewal_grace_days: int = setting(
        60, "Days after its end for which recurring revenue still counts, in which a late renewal takes its "
        "place; a renewal that starts so many days before the end takes it as well. Example: with 60, a "
        "contract that ended on 1 March and is renewed on 20 April was never lost.",
        ge=0, le=365,
    )  # fmt: skip
    one_off_product_families: Annotated[tuple[Text, ...], Field(strict=False), at_most(50)] = setting(
        (), "Product families that are paid once. Line items of these products are no recurring revenue, "
        "whatever their case and blanks. Example: with Services, the items of a set-up fee are left out.",
        allowed="list of texts",
    )  # fmt: skip
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
