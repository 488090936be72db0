"""Retention, growth and yearly revenue of accounts, from the lines of the ledger: revenue.md, KPIs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from kpi_platform_tests.reference import measure
from kpi_platform_tests.reference.identity import id_key
from kpi_platform_tests.reference.latest_row import latest_rows
from kpi_platform_tests.reference.ledger import Ledger, OneOff, Tables, read_ledger
from kpi_platform_tests.reference.lines import Line
from kpi_platform_tests.reference.measure import Found, too_many
from kpi_platform_tests.reference.money import Money, code, read_money
from kpi_platform_tests.reference.settings import Rules
from kpi_platform_tests.reference.tables import Row
from kpi_platform_tests.reference.values import DAY, EPOCH, MICROSECOND, flag, midnight, text

_NOTHING = Found(None, None, None, 0)


@dataclass(frozen=True)
class Revenue:
    """The ledger of one customer at one instant."""

    tables: Tables
    rules: Rules
    money: Money
    as_of: int
    ledger: Ledger

    def base(self, kpi: str = "net_revenue_retention") -> int:
        """ "NRR, GRR and growth each use their own window_days; `revenue_retention` uses NRR's." """
        return self.as_of - self.rules.window_days(kpi) * DAY

    def barriers(self, kpi: str) -> set[str]:
        """B12, for the ratios of money under asset_periods."""
        tables = ("account", "asset", "asset_state_period")
        found = set() if self.rules.kpi_enabled(kpi) else {"disabled"}
        return found | (set() if all(map(self.tables.get, tables)) else {"not_synced"})

    def lines_of(self, account: str) -> list[Line]:
        """Without those that have not started, and count nowhere."""
        return [one for one in self.ledger.lines if one.account == account and one.reason != "not started"]

    def retention(self, account: str) -> Found:
        """ "100 · ARR(A)/ARR(B)"; "sample_size = lines active at A or B" """
        now, before, rows = self._ends(account, self.base())
        if now is None or before is None:
            return _NOTHING.with_unreadable(self._unreadable()[account])
        return measure.percent(now, before, rows).with_unreadable(self._unreadable()[account])

    def gross_retention(self, account: str) -> Found:
        """ "100 · min(ARR(A), ARR(B))/ARR(B)" """
        now, before, rows = self._ends(account, self.base("gross_revenue_retention"))
        if now is None or before is None:
            return _NOTHING.with_unreadable(self._unreadable()[account])
        return measure.percent(min(now, before), before, rows).with_unreadable(self._unreadable()[account])

    def growth(self, account: str) -> Found:
        """ "T = Σ over lines arr · days of [start, until) inside the window / 365, plus won amounts of
        non-recurring types closed in it" """
        days = self.rules.window_days("revenue_growth")
        middle, first = self.as_of - days * DAY, self.as_of - 2 * days * DAY
        u = self._unreadable()[account] + Counter(self.ledger.unreadable_one_offs)[account]
        lines = self.lines_of(account)
        one_offs = [one for one in self.ledger.one_offs if one.account == account]
        rows: list[Line | OneOff] = [one for one in lines if one.days(first, self.as_of) > 0]
        rows += [one for one in one_offs if first <= one.closed < self.as_of]
        values = self._comparable(rows)
        if values is None:
            return _NOTHING.with_unreadable(u)

        def total(start: int, end: int) -> Fraction:
            return sum((_earned(row, value, start, end) for row, value in values), Fraction(0))

        now, before = total(middle, self.as_of), total(first, middle)
        found = measure.percent(now - before, before, len(rows)).with_unreadable(u)
        began = min([one.start for one in lines] + [one.closed for one in one_offs], default=None)
        if began is None or began > first:
            return Found(None, found.numerator, found.denominator, found.sample_size, u)
        return found

    def columns(self, account: str) -> dict[str, object]:
        """arr, arr_in_grace, next_renewal_date and arr_currency of a Salesforce account that counts."""
        if self.ledger.basis == "bookings":
            return _no_columns() | {"next_renewal_date": self._open_renewal(account)}
        needed = {"asset_periods": ("asset", "asset_state_period"), "contract_terms": ("opportunity",)}
        if not all(map(self.tables.get, needed[self.ledger.basis])):
            return _no_columns()
        active = [one for one in self.lines_of(account) if one.is_active(self.as_of)]
        grace = self.rules.grace_days * DAY
        ends = [one.end for one in active if one.end is not None and one.end > self.as_of - grace]
        renewal = {"next_renewal_date": _day(min(ends)) if ends else None}
        currencies = {self.money.key(one.currency) for one in active}
        is_mixed = self.rules.currency == "as_landed" and len(currencies) > 1
        if any(one.reason for one in active) or is_mixed or self._is_unreadable(account):
            return _no_columns() | renewal
        return {
            "arr": sum((one.arr or Fraction(0) for one in active), Fraction(0)),
            "arr_in_grace": sum(
                (one.arr or Fraction(0) for one in active if one.end is not None and one.end <= self.as_of),
                Fraction(0),
            ),
            "arr_currency": self._currency(currencies),
            **renewal,
        }

    def retention_rows(self, accounts: Mapping[str, Mapping[str, object]]) -> Iterator[dict[str, object]]:
        """The mart revenue_retention. `accounts`: industry, region and csm of each account, whatever its
        type."""
        cohort: dict[tuple[str, str | None, object], list[tuple[Fraction, Fraction]]] = {}
        for account in sorted({one.account for one in self.ledger.lines}):
            rows = [
                one
                for one in self.lines_of(account)
                if one.is_active(self.as_of) or one.is_active(self.base())
            ]
            currencies = {self.money.key(one.currency) for one in rows}
            is_mixed = self.rules.currency == "as_landed" and len(currencies) > 1
            if any(one.reason for one in rows) or is_mixed or self._is_unreadable(account):
                continue
            now, before = (
                sum((one.arr or Fraction(0) for one in rows if one.is_active(moment)), Fraction(0))
                for moment in (self.as_of, self.base())
            )
            if before > 0 and account in accounts:
                for kind, segment in (("all", "all"), *accounts[account].items()):
                    name = None if segment is None else text(segment)
                    key = kind, None if name is None else name.strip(), self._currency(currencies)
                    cohort.setdefault(key, []).append((now, before))
        for (kind, segment, currency), pairs in cohort.items():
            starting, ending = (sum((pair[place] for pair in pairs), Fraction(0)) for place in (1, 0))
            yield {
                "segment_kind": kind,
                "segment": segment,
                "accounts": len(pairs),
                "starting_arr": starting,
                "expansion": sum((max(now - before, Fraction(0)) for now, before in pairs), Fraction(0)),
                "contraction": sum(
                    (before - now for now, before in pairs if now < before and now != 0), Fraction(0)
                ),
                "churned": sum((before for now, before in pairs if now == 0), Fraction(0)),
                "ending_arr": ending,
                "net_revenue_retention": 100 * ending / starting,
                "gross_revenue_retention": 100 * sum((min(pair) for pair in pairs), Fraction(0)) / starting,
                "arr_currency": currency,
            }

    def line_rows(self, account_ids: Mapping[str, str]) -> Iterator[dict[str, object]]:
        """The mart recurring_revenue_lines."""
        for one in self.ledger.lines:
            yield {
                "account_id": account_ids[one.account],
                "line_id": one.id,
                "kind": one.kind,
                "start_date": _time(one.start),
                "end_date": _time(one.end),
                "until_date": _time(one.until),
                "ended_by": one.ended_by,
                "amount": one.amount,
                "arr": one.arr,
                "currency": one.currency,
                "reason": one.reason,
            }

    def _ends(self, account: str, base: int) -> tuple[Fraction | None, Fraction | None, int]:
        rows = [one for one in self.lines_of(account) if one.is_active(self.as_of) or one.is_active(base)]
        values = self._comparable(rows)
        if values is None:
            return None, None, 0
        now, before = (
            sum(
                (value for row, value in values if isinstance(row, Line) and row.is_active(moment)),
                Fraction(0),
            )
            for moment in (self.as_of, base)
        )
        return now, before, len(rows)

    def _comparable(self, rows: Sequence[Line | OneOff]) -> list[tuple[Line | OneOff, Fraction]] | None:
        """A4, A5, A10: None where the rows of a ratio cannot be compared."""
        if any(isinstance(one, Line) and one.reason == "no amount" for one in rows):
            return None
        is_one_currency = len({self.money.key(one.currency) for one in rows}) <= 1
        if self.rules.currency == "as_landed" and not is_one_currency:
            return None
        values = [_value(one) for one in rows]
        if any(value is None for value in values):
            return [(one, _landed(one)) for one in rows] if is_one_currency else None
        return [(one, value) for one, value in zip(rows, values, strict=True) if value is not None]

    def _unreadable(self) -> Counter[str]:
        return Counter(self.ledger.unreadable)

    def _is_unreadable(self, account: str) -> bool:
        """ "Where NRR would be unreadable" """
        return too_many(self._unreadable()[account], self._ends(account, self.base())[2])

    def _currency(self, currencies: Iterable[str | None]) -> str | None:
        corporate = min(
            (str(code(row["iso_code"])) for row in self.money.types if flag(row["is_corporate"])),
            default=None,
        )
        if self.rules.currency == "as_landed":
            found = list(currencies)
            return (found[0] or corporate) if found else None
        return corporate if self.rules.currency == "corporate" else self.rules.currency

    def _open_renewal(self, account: str) -> object:
        """ "the smallest close_date ≥ as_of's date of an open opportunity of a renewal type."; "open = is_won
        not true and is_closed not true" """
        today = self.as_of // DAY * DAY
        days = [
            closed
            for row in latest_rows(self.tables.get("opportunity"), "id", id_key).values()
            if id_key(row["account_id"]) == account
            and self.rules.line_kind(row["type"]) == "renewal"
            and not flag(row["is_won"])
            and not flag(row["is_closed"])
            and (closed := midnight(row["close_date"])) is not None
            and closed >= today
        ]
        return _day(min(days)) if days else None


def read_revenue(tables: Tables, rules: Rules, as_of: int) -> Revenue:
    money = read_money(dict(tables), rules, as_of)
    return Revenue(tables, rules, money, as_of, read_ledger(tables, rules, money, as_of))


def _value(one: Line | OneOff) -> Fraction | None:
    return one.arr if isinstance(one, Line) else one.amount


def _landed(one: Line | OneOff) -> Fraction:
    landed = one.landed_arr if isinstance(one, Line) else one.landed
    assert landed is not None
    return landed


def _earned(one: Line | OneOff, value: Fraction, start: int, end: int) -> Fraction:
    if isinstance(one, OneOff):
        return value if start <= one.closed < end else Fraction(0)
    return value * one.days(start, end) / 365


def _no_columns() -> dict[str, object]:
    return dict.fromkeys(("arr", "arr_in_grace", "next_renewal_date", "arr_currency"))


def _time(moment: int | None) -> datetime | None:
    return None if moment is None else EPOCH + moment * MICROSECOND


def _day(moment: int) -> object:
    return (EPOCH + moment * MICROSECOND).date()


def segments(row: Row, owner: Row) -> dict[str, object]:
    """B9: "industry, region (= billing_country), csm (= csm_name) of the account today" """
    return {"industry": row["industry"], "region": row["billing_country"], "csm": owner["name"]}
