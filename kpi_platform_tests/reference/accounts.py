"""The accounts that count, and those of Salesforce that do not."""

from collections.abc import Mapping
from dataclasses import dataclass

from kpi_platform_tests.reference.identity import id_key, name_key
from kpi_platform_tests.reference.latest_row import latest_rows, unreadable_flag
from kpi_platform_tests.reference.tables import Row, Table
from kpi_platform_tests.reference.values import moment, number, text


@dataclass(frozen=True)
class Account:
    """One account. `row` is None for a ServiceNow-only one."""

    key: str
    account_id: str
    name: str | None
    row: Row | None


@dataclass(frozen=True)
class SalesforceAccounts:
    """`counting` by id key; `ever_held` are the keys of every raw row, whatever became of it."""

    counting: Mapping[str, Account]
    ever_held: frozenset[str]

    def by_name(self) -> dict[str, str]:
        """Normalised name → account key. "A company name that matches two accounts links none." """
        owners: dict[str, list[str]] = {}
        for account in self.counting.values():
            name = name_key(account.name)
            if name is not None:
                owners.setdefault(name, []).append(account.key)
        return {name: keys[0] for name, keys in owners.items() if len(keys) == 1}


def salesforce_accounts(table: Table | None) -> SalesforceAccounts:
    """ "Accounts that count: Salesforce `type` starting with `Customer` …, merged records (`master_record_id`
    not null) excluded." "The account_id shown is the landed id of the row that won" """
    if table is None:
        return SalesforceAccounts({}, frozenset())
    counting = {
        key: Account(key, str(row["id"]), text(row["name"]), row)
        for key, row in latest_rows(table, "id", id_key).items()
        # "an account row is left out, reason `unreadable account.is_deleted`"
        if not unreadable_flag(row) and text(row["master_record_id"]) is None and _is_customer(table, row)
    }
    held = (id_key(row["id"]) for row in table.rows)
    return SalesforceAccounts(counting, frozenset(key for key in held if key is not None))


def _is_customer(table: Table, row: Row) -> bool:
    """ "The type prefix `Customer` is case-sensitive; where there is no `type` column, all
    accounts count." """
    return not table.has("type") or (text(row["type"]) or "").startswith("Customer")


def description(account: Account, users: Table | None) -> dict[str, object]:
    """account_name, revenue, industry, region and "csm_name and csm_email (the owner, through `user`)"."""
    row = account.row or Row({})
    owner = latest_rows(users, "id", id_key).get(id_key(row["owner_id"]) or "", Row({}))
    return {
        "account_name": account.name,
        "revenue": number(row["annual_revenue"]),
        "industry": row["industry"],
        "region": row["billing_country"],
        "csm_name": owner["name"],
        "csm_email": owner["email"],
    }


def synced_at(row: Row | None) -> int | None:
    return None if row is None else moment(row["_fivetran_synced"])
