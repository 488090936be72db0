"""Counts of the accounts that the marts hold, and of those of Salesforce that they leave out."""

from collections import defaultdict
from collections.abc import Sequence

from kpi_platform.adapters.destination.protocol import Destination
from kpi_platform.domain.account_counts import AccountCounts, LeftOutReason


def count_accounts(destination: Destination, customers: Sequence[str]) -> dict[str, AccountCounts]:
    """Counts the Salesforce accounts of each of `customers`, whose marts are there, by type and by the reason
    why they do not count."""
    found: dict[str, list[tuple[LeftOutReason | None, str | None, int]]] = defaultdict(list)
    counting = destination.mart_groups("kpi_accounts", customers, ["is_salesforce_account", "account_type"])
    for customer, of_salesforce, type_, accounts in counting:
        if of_salesforce:
            found[customer].append((None, type_, accounts))
    left_out = destination.mart_groups("accounts_left_out", customers, ["reason", "account_type"])
    for customer, reason, type_, accounts in left_out:
        # Only where the type decides does it matter.
        found[customer].append((reason, type_ if reason == "type" else None, accounts))
    return {customer: AccountCounts.of(found[customer]) for customer in customers}
