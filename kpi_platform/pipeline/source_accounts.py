"""The source accounts of a customer as the marts hold them, for the matching."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kpi_platform.domain.account_columns import ACCOUNT_COLUMNS
from kpi_platform.domain.account_names import shown_name
from kpi_platform.domain.matching.domains import registrable_domain
from kpi_platform.domain.matching.party import Party, Strategy
from kpi_platform.domain.normal_text import normal_text
from kpi_platform.pipeline.batch_marts import ADDRESS_COLUMNS, MartReader


@dataclass(frozen=True, slots=True)
class SourceSide:
    """The accounts that the marts hold of one customer. `namesakes` are those that only ServiceNow knows,
    each with the accounts of Salesforce that have the same name."""

    parties: list[Party]
    namesakes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    records: pa.Table | None = None

    def facts(self, accounts: Collection[str]) -> dict[str, dict[str, Any]]:
        """Returns what the source says of these accounts: the columns of `domain.account_columns` that are
        known, and `domains`, those of website and e-mail addresses."""
        if self.records is None or not accounts:
            return {}
        names = [one.name for one in ACCOUNT_COLUMNS if one.name in self.records.column_names]
        wanted = pc.is_in(self.records.column("account_id"), value_set=pa.array(list(accounts), pa.string()))
        rows = self.records.select(["account_id", *names]).filter(wanted).to_pylist()
        domains = {party.id: sorted(party.domains) for party in self.parties if party.id in accounts}
        return {
            row["account_id"]: {
                **{name: row[name] for name in names if row[name] is not None},
                **({"domains": known} if (known := domains[row["account_id"]]) else {}),
            }
            for row in rows
        }


def source_side(marts: MartReader, customer: str, strategy: Strategy) -> SourceSide:
    """Returns the accounts that the marts hold of `customer`. Their domains are that of the website and, for
    the domain strategy, those of the contacts' e-mail addresses."""
    batches = list(marts.read_mart("kpi_integrated_metrics", customer))
    if not batches:
        return SourceSide([])
    table = pa.Table.from_batches(batches)
    ids, names = table.column("account_id").to_pylist(), table.column("account_name").to_pylist()
    websites = table.column("website").to_pylist() if "website" in table.column_names else [None] * len(ids)
    addresses = _email_domains(marts, customer) if strategy == "domain" else {}
    parties = [
        Party(account, shown_name(name, account), web_domains(website, *addresses.get(account, ())))
        for account, name, website in zip(ids, names, websites, strict=True)
    ]
    return SourceSide(parties, _namesakes(table, ids, names), table)


def _namesakes(table: pa.Table, ids: list[str], names: list[str | None]) -> dict[str, list[str]]:
    if "is_salesforce_account" not in table.column_names:
        return {}
    flags = table.column("is_salesforce_account").to_pylist()
    if all(flags):
        return {}
    holders: dict[str, list[str]] = defaultdict(list)
    for account, name, of_salesforce in zip(ids, names, flags, strict=True):
        if of_salesforce and name and normal_text(name):
            holders[normal_text(name)].append(account)
    return {
        account: sorted(holders[normal_text(name)])
        for account, name, of_salesforce in zip(ids, names, flags, strict=True)
        if of_salesforce is False and name and normal_text(name) in holders
    }


def _email_domains(marts: MartReader, customer: str) -> dict[str, list[str]]:
    """Returns the domains of each account's contacts, as their addresses have them."""
    found: dict[str, list[str]] = defaultdict(list)
    for batch in marts.read_mart("account_email_domains", customer, ADDRESS_COLUMNS):
        for account, domain in zip(
            batch.column("account_id").to_pylist(), batch.column("email_domain").to_pylist(), strict=True
        ):
            found[account].append(domain)
    return found


def web_domains(*addresses: str | None) -> frozenset[str]:
    domains = {registrable_domain(address) for address in addresses if address}
    return frozenset(domain for domain in domains if domain)
