"""The accounts that a customer's dashboard already has before the first load."""

from dataclasses import dataclass

from kpi_platform.local.samples.companies import companies
from kpi_platform.local.samples.noise import shuffled
from kpi_platform.local.samples.profiles import OTHER_ACCOUNTS, PROFILES


@dataclass(frozen=True, slots=True)
class DashboardAccount:
    name: str
    domain: str | None
    industry: str
    region: str


def dashboard_accounts(customer_key: str) -> list[DashboardAccount]:
    """Returns most client companies of a sample customer, about one in ten under another name than in
    Salesforce, and two that Salesforce does not have. Raises KeyError for a key that is no sample
    customer's."""
    profile = PROFILES[customer_key]
    known = companies(profile.seed, profile.accounts + OTHER_ACCOUNTS + 2)
    del known[profile.accounts : -2]
    left_out = set(
        shuffled(profile.accounts, f"{profile.seed}/unknown to the dashboard")[: profile.accounts // 8]
    )
    return [
        DashboardAccount(
            name=company.known_as,
            domain=company.domain if company.index % 4 else None,
            industry=company.industry,
            region=company.country,
        )
        for company in known
        if company.index not in left_out
    ]
