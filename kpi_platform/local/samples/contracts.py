"""Contracts, their products and currencies, and the assets of one sample customer with their periods."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from kpi_platform.local.samples.crm import Crm, CrmTable
from kpi_platform.local.samples.deals import (
    Deals,
    amounts,
    contract_ids,
    contract_start,
    deal_ids,
    deals,
)
from kpi_platform.local.samples.identifiers import Texts, salesforce_ids
from kpi_platform.local.samples.noise import Floats, Integers, normal
from kpi_platform.local.samples.source import (
    DAY,
    Window,
    constant,
    dates,
    flags,
    integers,
    numbers,
    texts,
    timestamps,
)

_PRODUCTS = (
    ("Platform", "Subscription", 0.65),
    ("Premier Support", "Support", 0.25),
    ("Training", "Services", 0.1),
)
"""Name, family, and share of a contract's amount."""
_RATES = {"USD": 1.0, "EUR": 0.92, "GBP": 0.79}
"""Units of the currency for a US dollar, which is the corporate one."""


def contracts(crm: Crm, window: Window) -> pa.Table:
    """Returns a contract for each first deal and renewal that is won, from the day on which it is signed."""
    found = _signed(crm, window)
    kept, written = window.written(found.close)
    found, written = found.where(kept), written[kept]
    start = contract_start(crm, found)
    return pa.table(
        {
            "Id": texts(contract_ids(crm, found.account, found.number)),
            "IsDeleted": flags(np.zeros(len(written), dtype=bool)),
            "AccountId": texts(crm.account_ids[found.account]),
            "StartDate": dates(start),
            "EndDate": dates(start + 364 * DAY),
            "ContractTerm": integers(np.full(len(start), 12)),
            "Status": constant("Activated", len(start)),
            "CurrencyIsoCode": texts(crm.currencies[found.account]),
            "CreatedDate": timestamps(found.close),
            "SystemModstamp": timestamps(written),
        }
    )


def line_items(crm: Crm, window: Window) -> pa.Table:
    """Returns the products of each deal: the three of a contract, or the platform alone of an expansion."""
    found = deals(crm, window)
    count = np.where(found.is_contracted, len(_PRODUCTS), 1)
    deal = np.repeat(np.arange(len(count)), count)
    product = np.arange(len(deal)) - np.repeat(np.cumsum(count) - count, count)
    kept, written = window.written(found.created[deal], found.deleted[deal])
    deal, product, written = deal[kept], product[kept], written[kept]
    shares = np.array([share for _, _, share in _PRODUCTS])
    price = np.round(amounts(crm, found)[deal] * np.where(count[deal] == 1, 1.0, shares[product]), 2)
    ids, rows = deal_ids(crm, found), found.where(np.ones(len(count), dtype=bool))
    return pa.table(
        {
            "Id": texts(
                salesforce_ids(
                    "00k", f"{crm.seed}/item", rows.kind[deal], rows.account[deal], rows.number[deal], product
                )
            ),
            "IsDeleted": flags(rows.deleted[deal] < window.until),
            "OpportunityId": texts(ids[deal]),
            "Product2Id": texts(_product_ids(crm, product)),
            "Quantity": numbers(np.ones(len(price))),
            "UnitPrice": numbers(price),
            "TotalPrice": numbers(price),
            "CurrencyIsoCode": texts(crm.currencies[rows.account[deal]]),
            "CreatedDate": timestamps(rows.created[deal]),
            "SystemModstamp": timestamps(written),
        }
    )


def products(crm: Crm, window: Window) -> pa.Table:
    i = np.arange(len(_PRODUCTS))
    created = np.full(len(i), crm.day - 1500 * DAY)
    kept, written = window.written(created)
    i, created, written = i[kept], created[kept], written[kept]
    return pa.table(
        {
            "Id": texts(_product_ids(crm, i)),
            "IsDeleted": flags(np.zeros(len(i), dtype=bool)),
            "Name": texts([_PRODUCTS[n][0] for n in i]),
            "Family": texts([_PRODUCTS[n][1] for n in i]),
            "IsActive": flags(np.ones(len(i), dtype=bool)),
            "CreatedDate": timestamps(created),
            "SystemModstamp": timestamps(written),
        }
    )


def currency_types(crm: Crm, window: Window) -> pa.Table:
    i = np.arange(len(_RATES))
    created = np.full(len(i), crm.day - 1500 * DAY)
    kept, written = window.written(created)
    i, created, written = i[kept], created[kept], written[kept]
    codes = [list(_RATES)[n] for n in i]
    return pa.table(
        {
            "Id": texts(salesforce_ids("01L", f"{crm.seed}/currency", i)),
            "IsoCode": texts(codes),
            "ConversionRate": numbers(np.array([_RATES[code] for code in codes])),
            "DecimalPlaces": integers(np.full(len(i), 2)),
            "IsActive": flags(np.ones(len(i), dtype=bool)),
            "IsCorporate": flags(i == 0),
            "CreatedDate": timestamps(created),
            "SystemModstamp": timestamps(written),
        }
    )


def dated_rates(crm: Crm, window: Window) -> pa.Table:
    """Returns a rate for each month of thirty days and currency, known from its first day on."""
    first, month = crm.day // DAY - 1500, 30
    months = np.arange(max((window.until // DAY - first) // month + 1, 0))
    codes = [code for code in _RATES if code != "USD"]
    currency, number = (grid.ravel() for grid in np.meshgrid(np.arange(len(codes)), months, indexing="ij"))
    start = (first + number * month) * DAY
    kept, written = window.written(start)
    currency, number, start, written = currency[kept], number[kept], start[kept], written[kept]
    usual = np.array([_RATES[code] for code in codes])[currency]
    return pa.table(
        {
            "Id": texts(salesforce_ids("04w", f"{crm.seed}/rate", currency, number)),
            "IsoCode": texts([codes[n] for n in currency]),
            "StartDate": dates(start),
            "NextStartDate": dates(start + month * DAY),
            "ConversionRate": numbers(
                np.round(usual * (1 + 0.02 * normal(f"{crm.seed}/rate", currency, number)), 6)
            ),
            "CreatedDate": timestamps(start),
            "SystemModstamp": timestamps(written),
        }
    )


def assets(crm: Crm, window: Window) -> pa.Table:
    """Returns the subscription of each client, installed with its first deal."""
    account = crm.clients
    created = crm.client_since[account]
    kept, written = window.written(created)
    account, created, written = account[kept], created[kept], written[kept]
    return pa.table(
        {
            "Id": texts(_asset_ids(crm, account)),
            "IsDeleted": flags(np.zeros(len(account), dtype=bool)),
            "AccountId": texts(crm.account_ids[account]),
            "Name": constant("Platform", len(account)),
            "InstallDate": dates(created),
            "CreatedDate": timestamps(created),
            "SystemModstamp": timestamps(written),
        }
    )


def asset_periods(crm: Crm, window: Window) -> pa.Table:
    """Returns a period of a year for each first deal and renewal that is won."""
    found = _signed(crm, window)
    kept, written = window.written(found.close)
    found, written = found.where(kept), written[kept]
    start = contract_start(crm, found)
    return pa.table(
        {
            "Id": texts(salesforce_ids("1As", f"{crm.seed}/period", found.account, found.number)),
            "IsDeleted": flags(np.zeros(len(start), dtype=bool)),
            "AssetId": texts(_asset_ids(crm, found.account)),
            "StartDate": timestamps(start),
            "EndDate": timestamps(start + 365 * DAY),
            "Mrr": numbers(_monthly(crm, found)),
            "Quantity": numbers(np.ones(len(start))),
            "CreatedDate": timestamps(found.close),
            "SystemModstamp": timestamps(written),
        }
    )


def _signed(crm: Crm, window: Window) -> Deals:
    """First deals and renewals that are won, unless they were deleted before."""
    found = deals(crm, window)
    return found.where(found.is_contracted & found.signed & (found.deleted > found.close))


def _monthly(crm: Crm, of: Deals) -> Floats:
    return np.asarray(np.round(amounts(crm, of) / 12, 2))


def _product_ids(crm: Crm, product: Integers) -> Texts:
    return salesforce_ids("01t", f"{crm.seed}/product", product)


def _asset_ids(crm: Crm, account: Integers) -> Texts:
    return salesforce_ids("02i", f"{crm.seed}/asset", account)


CONTRACTS: Mapping[str, CrmTable] = {
    "Contract": contracts,
    "OpportunityLineItem": line_items,
    "Product2": products,
    "CurrencyType": currency_types,
    "DatedConversionRate": dated_rates,
    "Asset": assets,
    "AssetStatePeriod": asset_periods,
}
