"""The accounts that count, and those of Salesforce that do not."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from kpi_platform_tests.reference.identity import id_key, name_key
from kpi_platform_tests.reference.latest_row import latest_rows, rank, unreadable_flag
from kpi_platform_tests.reference.money import Money
from kpi_platform_tests.reference.settings import Rules
from kpi_platform_tests.reference.tables import Row, Table
from kpi_platform_tests.reference.values import flag, moment, text


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


def salesforce_accounts(table: Table | None, rules: Rules) -> SalesforceAccounts:
    """ "Accounts that count: … merged records (`master_record_id` not null) excluded." "The account_id shown
    is the landed id of the row that won" """
    if table is None:
        return SalesforceAccounts({}, frozenset())
    counting = {
        key: Account(key, str(row["id"]), text(row["name"]), row)
        for key, row in latest_rows(table, "id", id_key).items()
        # "an account row is left out, reason `unreadable account.is_deleted`"
        if not unreadable_flag(row)
        and text(row["master_record_id"]) is None
        and _is_customer(table, row, rules)
    }
    held = (id_key(row["id"]) for row in table.rows)
    return SalesforceAccounts(counting, frozenset(key for key in held if key is not None))


def _is_customer(table: Table, row: Row, rules: Rules) -> bool:
    """ "`customer` and `former` are prefixes of the trimmed type, case-sensitive; former wins; `*` alone also
    takes empty types; otherwise an empty type never counts." "where there is no `type` column, all accounts
    count." """
    if not table.has("type"):
        return True
    kind = (text(row["type"]) or "").strip()
    if kind.startswith(rules.account_types("former")):
        return False
    return rules.account_types("customer") == ("*",) or kind.startswith(rules.account_types("customer"))


def left_out_accounts(table: Table | None, rules: Rules) -> Counter[tuple[str, str | None]]:
    """Accounts by reason and, where that is the type, by type. "Left out accounts have one reason: no id,
    deleted, inactive, unreadable, merged, type; an id with a live row is not counted for its dead ones." """
    found: Counter[tuple[str, str | None]] = Counter()
    if table is None:
        return found
    live = latest_rows(table, "id", id_key)
    dead: dict[str, list[Row]] = defaultdict(list)
    for row in table.rows:
        key = id_key(row["id"])
        if key is None:
            found["no id", None] += 1
        elif key not in live:
            dead[key].append(row)
    for rows in dead.values():
        latest = max(rows, key=lambda row: rank(row, "id"))
        is_deleted = flag(latest["is_deleted"]) or flag(latest["_fivetran_deleted"])
        found["deleted" if is_deleted else "inactive", None] += 1
    for row in live.values():
        if unreadable_flag(row):
            found["unreadable", None] += 1
        elif text(row["master_record_id"]) is not None:
            found["merged", None] += 1
        elif not _is_customer(table, row, rules):
            found["type", (text(row["type"]) or "").strip() or None] += 1
    return found


def description(account: Account, users: Table | None, money: Money) -> dict[str, object]:
    """account_name, revenue, industry, region and "csm_name and csm_email (the owner, through `user`)"."""
    row = account.row or Row({})
    owner = latest_rows(users, "id", id_key).get(id_key(row["owner_id"]) or "", Row({}))
    return {
        "account_name": account.name,
        "revenue": money.revenue(row),
        "industry": row["industry"],
        "region": row["billing_country"],
        "csm_name": owner["name"],
        "csm_email": owner["email"],
    }


def synced_at(row: Row | None) -> int | None:
    return None if row is None else moment(row["_fivetran_synced"])
