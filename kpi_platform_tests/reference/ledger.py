# Long: one function for each source of lines, in the order of the contract.
"""The ledger of recurring revenue: revenue.md, Lines and Precisely. Written from the page, not from SQL."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from kpi_platform_tests.reference.identity import id_key
from kpi_platform_tests.reference.latest_row import is_live, latest_rows, rank, unreadable_flag
from kpi_platform_tests.reference.lines import Line, Terms, ordered, placed, rounded
from kpi_platform_tests.reference.money import Money, code
from kpi_platform_tests.reference.settings import Rules
from kpi_platform_tests.reference.tables import Row, Table
from kpi_platform_tests.reference.values import (
    DAY,
    EPOCH,
    MICROSECOND,
    flag,
    instant,
    midnight,
    number,
    there,
    unreadable,
)

T = TypeVar("T")
Tables = Mapping[str, Table]
_TERMS = ("opportunity_arr", "opportunity_start_date", "opportunity_end_date", "opportunity_term_months")


@dataclass(frozen=True)
class OneOff:
    account: str
    closed: int
    amount: Fraction | None
    landed: Fraction
    currency: str | None


@dataclass(frozen=True)
class Ledger:
    """`unreadable` are accounts of rows that cannot be read and would be lines, `unreadable_one_offs` the
    others."""

    basis: str
    lines: Sequence[Line] = ()
    one_offs: Sequence[OneOff] = ()
    unreadable: Sequence[str] = ()
    unreadable_one_offs: Sequence[str] = ()


def basis_in_force(tables: Tables, rules: Rules) -> str:
    """ "`auto`, per customer, the first that is there"; "Decided over all live rows, whatever as_of and
    account; a blank text is NULL." """
    if rules.basis != "auto":
        return rules.basis
    if any(there(row["mrr"]) for row in _periods(tables)):
        return "asset_periods"
    contracts = latest_rows(tables.get("contract"), "id", id_key)
    for row in latest_rows(tables.get("opportunity"), "id", id_key).values():
        if flag(row["is_won"]) and rules.line_kind(row["type"]):
            contract = contracts.get(id_key(row["contract_id"]) or "")
            terms = [row[rules.field("salesforce", name)] for name in _TERMS]
            if any(map(there, terms)) or (contract is not None and there(contract["start_date"])):
                return "contract_terms"
    return "bookings"


def read_ledger(tables: Tables, rules: Rules, money: Money, as_of: int) -> Ledger:
    basis = basis_in_force(tables, rules)
    masters = final_masters(tables.get("account"))
    if basis == "contract_terms":
        return _of_opportunities(tables, rules, money, as_of, masters)
    if basis == "asset_periods":
        return _of_periods(tables, rules, money, as_of, masters)
    return Ledger(basis)


def final_masters(accounts: Table | None) -> dict[str, str]:
    """ "master_record_id is followed also on deleted rows; a cycle, or an end that is deleted or not there,
    is no account." """
    newest: dict[str, Row] = {}
    for row in () if accounts is None else accounts.rows:
        key = id_key(row["id"])
        if key is not None and (key not in newest or _is_later(row, newest[key])):
            newest[key] = row
    found = {}
    for key in newest:
        at, seen = key, {key}
        while (row := newest.get(at)) is not None and (master := id_key(row["master_record_id"])) is not None:
            if master in seen:
                row = None
                break
            seen.add(master)
            at = master
        if row is not None and is_live(row):
            found[key] = at
    return found


def _is_later(row: Row, other: Row) -> bool:
    """A live row before a dead one, then the latest."""
    return (is_live(row), rank(row, "id")) > (is_live(other), rank(other, "id"))


def _of_opportunities(
    tables: Tables, rules: Rules, money: Money, as_of: int, masters: Mapping[str, str]
) -> Ledger:
    contracts = latest_rows(tables.get("contract"), "id", id_key)
    items = _items(tables, rules)
    terms: dict[str, list[Terms]] = defaultdict(list)
    one_offs, doubtful, doubtful_one_offs = [], [], []
    for key, row in latest_rows(tables.get("opportunity"), "id", id_key).items():
        account = masters.get(id_key(row["account_id"]) or "")
        won = flag(row["is_won"]) or unreadable(flag, row["is_won"])
        if account is None or not won or not there(row["close_date"]):
            continue
        closed = midnight(row["close_date"])
        if closed is not None and closed >= as_of:
            continue
        kind, amount = rules.line_kind(row["type"]), number(row["amount"])
        cannot = closed is None or unreadable(flag, row["is_won"]) or unreadable_flag(row)
        if kind is None:
            if cannot or unreadable(number, row["amount"]):
                doubtful_one_offs.append(account)
            elif amount is not None and closed is not None:
                currency = code(row["currency_iso_code"])
                converted = money.of_opportunity(amount, currency, closed)
                one_offs.append(OneOff(account, closed, rounded(converted), amount, money.key(currency)))
            continue
        contract = contracts.get(id_key(row["contract_id"]) or "", Row({}))
        mapped = {name: row[rules.field("salesforce", name)] for name in _TERMS}
        start, start_cannot = _first_there(midnight, mapped["opportunity_start_date"], contract["start_date"])
        last, last_cannot = _first_there(midnight, mapped["opportunity_end_date"], contract["end_date"])
        term, term_cannot = _first_there(number, mapped["opportunity_term_months"], contract["contract_term"])
        mine = items.get(key)
        if mine is not None and mine.decides:
            amount, amount_cannot = mine.total, mine.cannot
        else:
            amount_cannot = unreadable(number, row["amount"])
        cannot_arr = unreadable(number, mapped["opportunity_arr"])
        if cannot or start_cannot or last_cannot or term_cannot or amount_cannot or cannot_arr:
            doubtful.append(account)
            continue
        assert closed is not None
        is_term = term is not None and term.denominator == 1 and 1 <= term <= 120
        one = Terms(
            id=str(row["id"]),
            key=key,
            account=account,
            kind=kind,
            closed=closed,
            given_start=start,
            given_end=None if last is None else last + DAY,
            given_term=term is not None,
            term=int(term) if term is not None and is_term else rules.default_term_months,
            default=rules.default_term_months,
            amount=amount,
            own_arr=number(mapped["opportunity_arr"]),
            currency=code(row["currency_iso_code"]),
            contract=id_key(row["contract_id"]),
            renewed=id_key(row[rules.field("salesforce", "opportunity_renewed_contract")]),
        )
        terms[account].append(one.starting(closed if start is None else start))
    grace = rules.grace_days * DAY
    lines = [
        line
        for of_account in terms.values()
        for line in ordered([_line(one, money, grace, as_of) for one in placed(of_account)], grace, as_of)
    ]
    return Ledger("contract_terms", lines, one_offs, doubtful, doubtful_one_offs)


def _first_there(read: Callable[[object], T | None], *values: object) -> tuple[T | None, bool]:
    """The first value that is there, and whether it cannot be read."""
    for value in values:
        if there(value):
            return read(value), read(value) is None
    return None, False


def _line(one: Terms, money: Money, grace: int, as_of: int) -> Line:
    """ "`arr` = mapped ARR where not NULL (converted like an amount); else `12 · amount / m` where the end
    came from months; else `365 · amount / days(start, end)`." """

    def yearly(amount: Fraction | None, own: Fraction | None) -> Fraction | None:
        if own is not None or amount is None:
            return own
        if one.months is not None:
            return 12 * amount / one.months
        return 365 * amount / Fraction(one.end - one.start, DAY)

    def converted(amount: Fraction | None) -> Fraction | None:
        return None if amount is None else money.of_opportunity(amount, one.currency, one.closed)

    lacks_rate = money.of_opportunity(Fraction(1), one.currency, one.closed) is None
    landed = yearly(one.amount, one.own_arr)
    return Line(
        id=one.id,
        key=one.key,
        account=one.account,
        kind=one.kind,
        start=one.start,
        end=one.end,
        amount=rounded(converted(one.amount)),
        arr=rounded(yearly(converted(one.amount), converted(one.own_arr))),
        landed_arr=rounded(landed),
        currency=one.currency,
        contract=one.contract,
        renewed=one.renewed,
        lacks_rate=lacks_rate,
        reason="no amount" if landed is None else "no conversion rate" if lacks_rate else None,
    )


@dataclass
class _Items:
    """The line items of an opportunity."""

    total: Fraction = Fraction(0)
    has_price: bool = False
    has_recurring: bool = False
    cannot: bool = False

    @property
    def decides(self) -> bool:
        """ "NULL counts 0, but all NULL: `amount`. … All items one-off: amount 0." """
        return self.has_price or not self.has_recurring


def _items(tables: Tables, rules: Rules) -> dict[str, _Items]:
    """ "No product, a deleted one, or a blank family: not one-off. Families compare trimmed and without
    case." """
    products = latest_rows(tables.get("product_2"), "id", id_key)
    found: dict[str, _Items] = defaultdict(_Items)
    for row in latest_rows(tables.get("opportunity_line_item"), "id", id_key).values():
        opportunity = id_key(row["opportunity_id"])
        if opportunity is None:
            continue
        product = products.get(id_key(row["product_2_id"]) or "", Row({}))
        mine, cannot = found[opportunity], unreadable(number, row["total_price"]) or unreadable_flag(row)
        mine.has_price = mine.has_price or there(row["total_price"]) or cannot
        if str(product["family"] or "").strip().lower() not in rules.one_off_families:
            mine.has_recurring = True
            mine.total += number(row["total_price"]) or 0
            mine.cannot = mine.cannot or cannot
    return found


def _periods(tables: Tables) -> list[Row]:
    table = tables.get("asset_state_period")
    if table is None:
        return []
    without_id = [row for row in table.rows if is_live(row) and id_key(row["id"]) is None]
    return [*latest_rows(table, "id", id_key).values(), *without_id]


def _of_periods(tables: Tables, rules: Rules, money: Money, as_of: int, masters: Mapping[str, str]) -> Ledger:
    """ "a line per live period; arr = 12 · mrr"; B7."""
    assets = latest_rows(tables.get("asset"), "id", id_key)
    lines, doubtful = [], []
    for place, row in enumerate(_periods(tables)):
        asset = id_key(row["asset_id"])
        account = masters.get(id_key(assets.get(asset or "", Row({}))["account_id"]) or "")
        if asset is None or account is None:
            continue
        start, end, price = instant(row["start_date"]), instant(row["end_date"]), number(row["mrr"])
        columns = ((instant, "start_date"), (instant, "end_date"), (number, "mrr"))
        if unreadable_flag(row) or any(unreadable(read, row[name]) for read, name in columns):
            if start is None or start < as_of:
                doubtful.append(account)
            continue
        if start is None or price is None or (end is not None and end <= start):
            continue
        currency = code(row["currency_iso_code"])
        arr = money.of_opportunity(12 * price, currency, start)
        day = (EPOCH + start * MICROSECOND).date().isoformat()
        lines.append(
            Line(
                id=str(row["id"]) if id_key(row["id"]) else f"{row['asset_id']} {day}",
                key=id_key(row["id"]) or f"{asset} {place}",
                account=account,
                kind="asset_period",
                start=start,
                end=end,
                amount=None,
                arr=rounded(arr),
                landed_arr=rounded(12 * price),
                currency=currency,
                contract=asset,
                renewed=None,
                lacks_rate=arr is None,
                reason="no conversion rate" if arr is None else None,
            )
        )
    grace = rules.grace_days * DAY
    return Ledger("asset_periods", [_period_until(one, lines, grace, as_of) for one in lines], (), doubtful)


def _period_until(period: Line, lines: Sequence[Line], grace: int, as_of: int) -> Line:
    """ "until = end + grace unless another period of the asset starts in (end − 1 d, end + grace]: then until
    = that start." "Of several next periods the earliest; ended_by its id" """
    if period.end is None:
        return replace(period, reason="not started") if period.start > as_of else period
    if period.start > as_of:
        return replace(period, until=period.end + grace, reason="not started")
    following = [
        (one.start, one.key, one.id)
        for one in lines
        if one.contract == period.contract
        and one.start <= as_of
        and (one.start, one.key) > (period.start, period.key)
        and period.end - DAY < one.start <= period.end + grace
    ]
    if not following:
        return replace(period, until=period.end + grace)
    start, _, ended_by = min(following)
    return replace(period, until=start, ended_by=ended_by)
