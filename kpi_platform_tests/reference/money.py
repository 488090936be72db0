"""Amounts in one currency: revenue.md, section Money."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from kpi_platform_tests.reference.identity import id_key
from kpi_platform_tests.reference.latest_row import latest_rows
from kpi_platform_tests.reference.settings import Rules
from kpi_platform_tests.reference.tables import Row, Table
from kpi_platform_tests.reference.values import flag, midnight, number, text


def code(value: object) -> str | None:
    """ "Codes compare trimmed, in capitals." """
    shown = text(value)
    return None if shown is None else shown.strip().upper()


@dataclass(frozen=True)
class Money:
    """The rates of one customer."""

    types: Sequence[Row]
    dated: Sequence[Row]
    rules: Rules
    as_of: int

    def is_corporate(self, currency: str | None) -> bool:
        """ "No `currency_iso_code` column, or NULL: the corporate currency" """
        return currency is None or any(
            flag(row["is_corporate"]) for row in self.types if code(row["iso_code"]) == currency
        )

    def rate(self, currency: str | None, moment: int) -> Fraction | None:
        """ "Corporate (`is_corporate`): 1, whatever the tables say. Then `dated_conversion_rate` (d's instant
        against midnights; of several rows the latest start_date), then `currency_type`; a rate that is NULL,
        unreadable or ≤ 0 is not there." """
        if self.is_corporate(currency):
            return Fraction(1)
        valid = []
        for row in self.dated:
            start, end = midnight(row["start_date"]), midnight(row["next_start_date"])
            if code(row["iso_code"]) == currency and start is not None and start <= moment:
                found = number(row["conversion_rate"])
                if (end is None or moment < end) and found is not None and found > 0:
                    valid.append((start, found))
        if valid:
            return max(valid)[1]
        rates = [number(row["conversion_rate"]) for row in self.types if code(row["iso_code"]) == currency]
        return next((rate for rate in rates if rate is not None and rate > 0), None)

    def converted(self, amount: Fraction, currency: str | None, moment: int) -> Fraction | None:
        """ "`converted = amount / rate(currency, d) · rate(target, d)`"; "currency = target: factor 1, no
        rate needed." None without a rate."""
        target = self.rules.currency
        if target == "as_landed":
            return amount
        wanted = None if target == "corporate" else target
        if currency == wanted or (self.is_corporate(currency) and self.is_corporate(wanted)):
            return amount
        own, of_target = self.rate(currency, moment), self.rate(wanted, moment)
        return None if own is None or of_target is None else amount / own * of_target

    def of_opportunity(self, amount: Fraction, currency: str | None, closed: int) -> Fraction | None:
        """ "d = `as_of` (constant) or `close_date` (dated)" """
        return self.converted(amount, currency, closed if self.rules.fx == "dated" else self.as_of)

    def revenue(self, row: Row) -> Fraction | None:
        """ "Converted from the account's own currency_iso_code at as_of; `as_landed`: as landed." """
        landed = number(row["annual_revenue"])
        return None if landed is None else self.converted(landed, code(row["currency_iso_code"]), self.as_of)

    def key(self, currency: str | None) -> str | None:
        """Equal for what is one currency: "NULL is the corporate one"."""
        return None if self.is_corporate(currency) else currency


def read_money(tables: dict[str, Table], rules: Rules, as_of: int) -> Money:
    def rows(name: str) -> list[Row]:
        return list(latest_rows(tables.get(name), "id", id_key).values())

    return Money(rows("currency_type"), rows("dated_conversion_rate"), rules, as_of)
