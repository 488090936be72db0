"""Customers with histories of recurring revenue: ramps, early, late and partial renewals, add-ons, three
currencies with dated rates, merges, deletes, history mode, and rows that nobody can read.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kpi_platform_tests.contract.customers import LandedCustomer
from kpi_platform_tests.contract.landing import LandedTable
from kpi_platform_tests.contract.people import form, salesforce_id

LEDGER_AS_OF = datetime(2026, 11, 30, 6, 30, tzinfo=UTC)
_TODAY = LEDGER_AS_OF.date()
_SYNCED = datetime(2026, 11, 29)
_TYPES = {
    "new": ("New Business", "new customer "),
    "renewal": ("Renewal", "RENEWAL"),
    "expansion": ("Upsell", "Expansion"), "other": ("Services", None, ""),
}  # fmt: skip
_AMOUNTS = (100000.0, 120000.0, 33333.33, 0.1, 0.0, -5000.5, 1e9, 7.0)
_FAMILIES = ("Services", " services ", "Software", "", None)
_KINDS = {
    "VARCHAR": (
        "id", "account_id", "name", "type", "master_record_id", "industry", "billing_country",
        "owner_id", "currency_iso_code", "iso_code", "contract_id", "opportunity_id", "product_2_id",
        "family", "asset_id", "sbqq_renewed_contract_c",
    ),
    "DATE": ("close_date", "contract_start_date_c", "contract_end_date_c", "next_start_date"),
    "BOOLEAN": ("is_won", "is_closed", "is_deleted", "is_corporate", "_fivetran_active"),
    "TIMESTAMP": ("_fivetran_synced", "_fivetran_start"),
}  # fmt: skip
_KIND = {name: kind for kind, names in _KINDS.items() for name in names}

Row = dict[str, Any]


@dataclass
class _Making:
    """The choices for one customer. `texts`: numbers and dates land as text, some of them unreadable."""

    rng: random.Random
    fields: frozenset[str]
    texts: bool
    history: bool
    currencies: tuple[str | None, ...]
    tables: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, **values: Any) -> Row:
        """Mostly one row; sometimes an older version of it, or a deleted one, lies beside it."""
        row = {**values, "is_deleted": self.rng.random() < 0.04, "_fivetran_synced": _SYNCED}
        if self.history:
            row |= {"_fivetran_active": self.rng.random() > 0.04, "_fivetran_start": _SYNCED}
        rows = self.tables.setdefault(table, [])
        if self.rng.random() < 0.05:
            old = {**row, "_fivetran_synced": _SYNCED - timedelta(days=1), "is_deleted": False}
            rows.append(old | {name: None for name in ("amount", "mrr", "family") if name in old})
        rows.append(row)
        return row

    def has(self, name: str, chance: float = 0.6) -> bool:
        return name in self.fields and self.rng.random() < chance

    def id(self, prefix: str) -> str:
        return salesforce_id(self.rng, prefix)


def histories(seed: str, count: int, *, accounts: int = 12) -> list[LandedCustomer]:
    """`count` customers in different shapes; the same seed gives the same ones."""
    return [
        _history(f"{seed} {number}", f"{seed}_history{number}", number, accounts) for number in range(count)
    ]


def _history(seed: str, key: str, number: int, accounts: int) -> LandedCustomer:
    rng = random.Random(seed)
    every = ("arr", "start", "end", "term", "contract", "renewed", "items")
    fields = frozenset(every) if number % 3 == 0 else frozenset(name for name in every if rng.random() < 0.5)
    currencies: tuple[str | None, ...] = rng.choice(
        (
            ("USD",),
            ("USD", "USD", "EUR", "jpy ", None),
            ("USD", "USD", "USD", "USD", "EUR", "USD", "EUR", "XXX"),
            (None,),
            ("EUR", "EUR", "CHF"),
            ("EUR",),
        )
    )
    make = _Making(rng, fields, rng.random() < 0.3, rng.random() < 0.3, currencies)
    _accounts(make, accounts)
    if number % 4 == 3:
        _assets(make)
    _rates(make)
    tables = {name: _landed(make, name, rows) for name, rows in make.tables.items()}
    return LandedCustomer(key, {"salesforce": tables, "servicenow": _NO_DESK}, _settings(rng))


_NO_DESK = {"incident": LandedTable({"sys_id": "VARCHAR", "opened_at": "TIMESTAMP"}, [])}


def _settings(rng: random.Random) -> dict[str, Any]:
    revenue: dict[str, Any] = {
        "basis": rng.choice(("auto", "auto", "auto", "contract_terms", "bookings")),
        "currency": rng.choice(("corporate", "corporate", "EUR", "as_landed")),
        "fx": rng.choice(("constant", "dated")),
    }
    if rng.random() < 0.4:
        revenue |= {
            "default_term_months": rng.choice((1, 6, 12, 24)),
            "late_renewal_grace_days": rng.choice((0, 15, 60, 365)),
        }
    if rng.random() < 0.5:
        revenue["one_off_product_families"] = [" SERVICES"]
    retention, growth = ({"window_days": rng.choice((365, 365, 90, 400))} for _ in range(2))
    windows = {
        "net_revenue_retention": retention,
        "gross_revenue_retention": retention,
        "revenue_growth": growth,
    }
    return {"revenue": revenue, "kpi_mappings": windows}


def _accounts(make: _Making, count: int) -> None:
    rng = make.rng
    keys = [make.id("001") for _ in range(count)]
    owners = [make.id("005") for _ in range(2)]
    for owner in owners:
        make.add("user", id=owner, name=f"Owner {owner[-3:]}")
    for place, key in enumerate(keys):
        # A chain of merges, a circle, and one that leads nowhere.
        master = {0: keys[1], 1: keys[2], 3: keys[4], 4: keys[3], 5: "001NOBODY000000"}.get(place)
        make.add(
            "account", id=form(rng, key), name=f"Account {place}",
            type=rng.choice(("Customer", "Customer", "Customer", "Customer", "Prospect", "Former")),
            master_record_id=master, industry=rng.choice(("Retail", "Banking", "", None)),
            billing_country=rng.choice(("DE", "FR", None)), owner_id=rng.choice((*owners, None)),
            currency_iso_code=rng.choice(make.currencies),
        )  # fmt: skip
    for _ in range(9):
        make.add("product_2", id=make.id("01t"), family=rng.choice(_FAMILIES))
    for key in keys:
        _opportunities(make, key)
    _opportunities(make, "001UNKNOWN00000")


def _opportunities(make: _Making, account: str) -> None:
    """Some chains of terms, one after the other, each with add-ons."""
    rng = make.rng
    for _ in range(rng.choice((0, 1, 1, 1, 1, 2))):
        day = _TODAY - timedelta(days=rng.randrange(1200))
        contract, kind = _contract(make, account, day), "new"
        for _ in range(rng.randrange(1, 6)):
            months = rng.choice((1, 3, 12, 12, 12, 24))
            following = _won(make, account, kind, day, months, contract)
            for _ in range(rng.choice((0, 0, 1, 2))):
                later = day + timedelta(days=rng.randrange(max(1, 28 * months)))
                _won(make, account, "expansion", later, rng.choice((None, months)), contract)
            if rng.random() < 0.2:
                _won(make, account, "other", day + timedelta(days=9), None, None)
            away = rng.choice((-200, -180, -150, -60, -30, -1, 0, 0, 0, 1, 15, 59, 60, 61, 90))
            renewed = contract
            if rng.random() < 0.4:
                contract = _contract(make, account, following)
            day, kind = following + timedelta(days=away), rng.choice(("renewal", "renewal", "renewal", "new"))
            if kind == "renewal" and make.has("renewed"):
                make.tables["opportunity"][-1]["sbqq_renewed_contract_c"] = renewed


def _contract(make: _Making, account: str, day: date) -> str | None:
    if "contract" not in make.fields:
        return None
    contract = make.id("800")
    if make.rng.random() < 0.8:
        make.add(
            "contract", id=contract, account_id=account,
            start_date=day if make.has("contract", 0.5) else None,
            end_date=_last_day(make.rng, day, 12) if make.has("contract", 0.3) else None,
            contract_term=make.rng.choice((None, 12, 24, 0, 12.5)),
        )  # fmt: skip
    return form(make.rng, contract)


def _won(make: _Making, account: str, kind: str, day: date, months: int | None, contract: str | None) -> date:
    """Adds an opportunity, and returns about when it ends."""
    rng, opportunity = make.rng, make.id("006")
    start = day + timedelta(days=rng.choice((0, 0, 1, 20, -10)))
    term = rng.choice((months, months, months, 900, 0, 1.5))
    make.add(
        "opportunity", id=form(rng, opportunity), account_id=form(rng, account),
        type=rng.choice(_TYPES[kind]),
        amount=rng.choice((*_AMOUNTS, None)) if rng.random() < 0.3 else 1000.0 * rng.randrange(1, 200),
        currency_iso_code=rng.choice(make.currencies), is_won=rng.random() < 0.95,
        is_closed=rng.choice((True, False, None)),
        close_date=day if rng.random() < 0.98 else None,
        contract_id=contract if rng.random() < 0.8 else None,
        arr_c=rng.choice((5000.0, 12345.678901)) if make.has("arr", 0.1) else None,
        contract_start_date_c=start if make.has("start") else None,
        contract_end_date_c=_last_day(rng, day, months) if months and make.has("end") else None,
        term_months_c=term if months and make.has("term") else None,
        sbqq_renewed_contract_c=contract if kind == "renewal" and make.has("renewed", 0.3) else None,
    )  # fmt: skip
    if "items" in make.fields and rng.random() < 0.6:
        products = [row["id"] for row in make.tables["product_2"]]
        for _ in range(rng.randrange(1, 4)):
            make.add(
                "opportunity_line_item", id=make.id("00k"), opportunity_id=opportunity,
                product_2_id=rng.choice((*products, None, "01tNOWHERE00000")),
                total_price=rng.choice((100.5, 2000.0, -10.0, None)),
            )  # fmt: skip
    return day + timedelta(days=30 * (months or 12))


def _last_day(rng: random.Random, day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + years, month + 1, min(day.day, 28))
    return first + timedelta(days=rng.choice((-1, -1, -1, 0, 1, 17, -800)))


def _assets(make: _Making) -> None:
    """Periods of assets, one after the other, with gaps and overlaps; some have no id."""
    rng = make.rng
    for account in [row["id"] for row in make.tables["account"]] * 2:
        asset = make.id("02i")
        make.add("asset", id=form(rng, asset), account_id=rng.choice((account, account, account, None)))
        start = datetime.combine(_TODAY, datetime.min.time()) - timedelta(days=rng.randrange(1200))
        for _ in range(rng.randrange(1, 5)):
            end = start + timedelta(days=rng.choice((30, 365, 365, 400)), hours=rng.choice((0, 0, 7)))
            make.add(
                "asset_state_period", id=make.id("0AS") if rng.random() < 0.8 else None,
                asset_id=rng.choice((asset, asset, asset, asset, "02iNOWHERE00000")), start_date=start,
                end_date=rng.choice((end, end, end, end, None, start)),
                mrr=rng.choice((100.0, 250.75, 0.0, None)), currency_iso_code=rng.choice(make.currencies),
            )  # fmt: skip
            start = end + timedelta(
                days=rng.choice((-30, -1, 0, 0, 0, 1, 59, 60, 61, 90)), hours=rng.choice((0, -3))
            )


def _rates(make: _Making) -> None:
    rng = make.rng
    if make.currencies == (None,):
        return
    for code, rate, corporate in (("USD", 3.0, True), ("EUR", 0.875, False), (" jpy", 150.0, None)):
        make.add(
            "currency_type", id=make.id("01L"), iso_code=code, conversion_rate=rate, is_corporate=corporate
        )
    if rng.random() < 0.7:
        for _ in range(12):
            start = _TODAY - timedelta(days=rng.randrange(1500))
            make.add(
                "dated_conversion_rate", id=make.id("04w"), iso_code=rng.choice(("EUR", "JPY", "USD", "CHF")),
                conversion_rate=rng.choice((0.5, 0.9, 110.0, 0.0, None)), start_date=start,
                next_start_date=rng.choice((start + timedelta(days=rng.randrange(1, 500)), None)),
            )  # fmt: skip


def _landed(make: _Making, table: str, rows: list[Row]) -> LandedTable:
    absent = {name for name, of in _OPTIONAL.items() if of not in make.fields}
    names = [name for name in rows[0] if name not in absent]
    columns = {name: _landed_type(make, table, name) for name in names}
    return LandedTable(
        columns, [{name: _cell(make, columns[name], name, row[name]) for name in names} for row in rows]
    )


_OPTIONAL: Mapping[str, str] = {
    "arr_c": "arr", "contract_start_date_c": "start", "contract_end_date_c": "end", "term_months_c": "term",
    "sbqq_renewed_contract_c": "renewed", "contract_id": "contract",
}  # fmt: skip


def _landed_type(make: _Making, table: str, name: str) -> str:
    if name in ("start_date", "end_date"):
        kind = "TIMESTAMP" if table == "asset_state_period" else "DATE"
    else:
        kind = _KIND.get(name, "DOUBLE")
    return "VARCHAR" if make.texts and kind in ("DATE", "DOUBLE") else kind


def _cell(make: _Making, kind: str, name: str, value: Any) -> Any:
    if kind != "VARCHAR" or value is None or isinstance(value, str):
        return value
    if make.rng.random() < 0.02 and name != "conversion_rate":
        return make.rng.choice(("soon", "n/a", ""))
    return str(value)
