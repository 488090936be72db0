"""The Salesforce accounts of a customer that do not count, one by one."""

from dataclasses import dataclass

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.domain.account_counts import LeftOutReason
from kpi_platform.domain.record_links import record_links
from kpi_platform.pipeline.explain import explained_customer

_COLUMNS = ("account_id", "account_name", "account_type", "reason")


@dataclass(frozen=True, slots=True)
class LeftOutAccount:
    """An account that does not count, as it landed. `url` is its page in Salesforce, if that is known."""

    account_id: str | None
    name: str | None
    type: str | None
    reason: LeftOutReason
    url: str | None


def left_out_accounts(
    configuration: Configuration, engine: sa.Engine, customer: str, *, limit: int, wait_seconds: float
) -> list[LeftOutAccount]:
    """Returns the first `limit` accounts that the newest build left out. Raises NotFound if nothing was
    built, DestinationLocked if the embedded warehouse is not free within `wait_seconds`."""
    one = explained_customer(configuration, engine, customer, wait_seconds)
    found: list[LeftOutAccount] = []
    for batch in one.destination.read_mart("accounts_left_out", customer, _COLUMNS):
        for row in batch.slice(0, limit - len(found)).to_pylist():
            record = row["account_id"]
            url = record_links(one.settings, "salesforce.account", record).page if record else None
            found.append(LeftOutAccount(record, row["account_name"], row["account_type"], row["reason"], url))
        if len(found) >= limit:
            break
    return found
