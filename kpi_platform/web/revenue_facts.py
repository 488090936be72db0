"""The recurring revenue of an account as its page says it."""

from collections.abc import Iterator
from datetime import date

from kpi_platform.dashboard.accounts import Account
from kpi_platform.web.formats import number


def revenue_facts(account: Account) -> Iterator[str]:
    """Yields the sentence's parts: `ARR 120,000 USD, 20,000 of it in grace`, `renews on 14 March 2027`."""
    if account.arr is not None:
        currency = f" {account.arr_currency}" if account.arr_currency else ""
        grace = f", {number(account.arr_in_grace, 0)} of it in grace" if account.arr_in_grace else ""
        yield f"ARR {number(account.arr, 0)}{currency}{grace}"
    if account.next_renewal_date is not None:
        yield f"renews on {date.fromisoformat(account.next_renewal_date):%-d %B %Y}"
