"""Opportunities: a first deal with each client, renewals every year, more in between, and prospects."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kpi_platform.local.samples.crm import Crm, CrmTable
from kpi_platform.local.samples.identifiers import Texts, salesforce_ids
from kpi_platform.local.samples.noise import Floats, Integers, normal, pick, uniform
from kpi_platform.local.samples.source import (
    DAY,
    HOUR,
    NEVER,
    Window,
    dates,
    flags,
    integers,
    numbers,
    texts,
    timestamps,
)

_HISTORY_DAYS = 3 * 365
_MONTH = 30 * DAY
_STAGES = ("Prospecting", "Qualification", "Proposal/Price Quote", "Negotiation/Review")
_EXPANSIONS = ("Upsell", "Cross-sell", "Expansion", "Existing Business", "Existing Customer - Upgrade")
FIRST, RENEWAL, MORE, PROSPECT = range(4)


@dataclass(frozen=True, slots=True)
class Deals:
    """The deals that there may be by the end of a window. `number` counts those of an account and a kind;
    those that are `signed` are won on the day on which they close."""

    kind: Integers
    account: Integers
    number: Integers
    close: Integers
    created: Integers
    deleted: Integers
    signed: NDArray[np.bool_]

    @property
    def is_contracted(self) -> NDArray[np.bool_]:
        """Whether a contract follows: of first deals and of renewals."""
        return np.isin(self.kind, (FIRST, RENEWAL))

    def where(self, chosen: NDArray[np.bool_]) -> "Deals":
        """Returns the chosen ones."""
        return Deals(*(getattr(self, field.name)[chosen] for field in fields(self)))


def deals(crm: Crm, window: Window) -> Deals:
    """Returns all deals that may be there by the end of the window, whether they are written in it or not."""
    kind, account, number, close = _planned(crm, window)
    lead_days = 20 + (uniform(f"{crm.seed}/deal lead", kind, account, number) * 100).astype(np.int64)
    created = close - lead_days * DAY - 3 * HOUR
    gone = uniform(f"{crm.seed}/deal gone", kind, account, number) < 0.012
    chance = np.select(
        [kind == FIRST, kind == RENEWAL, kind == MORE], [1.0, 0.7 + 0.3 * crm.health[account], 0.45], 0.2
    )
    return Deals(
        kind, account, number, close, created,
        deleted=np.where(gone, created + 10 * DAY, NEVER),
        signed=uniform(f"{crm.seed}/deal won", kind, account, number) < chance,
    )  # fmt: skip


def deal_ids(crm: Crm, of: Deals) -> Texts:
    """Returns the ids of their opportunities."""
    return salesforce_ids("006", f"{crm.seed}/deal", of.kind, of.account, of.number)


def opportunities(crm: Crm, window: Window) -> pa.Table:
    found = deals(crm, window)
    stirred = found.created + (found.close - found.created) // 2
    kept, written = window.written(found.created, stirred, found.close, found.deleted)
    found, written = found.where(kept), written[kept]
    kind, account, number, close = found.kind, found.account, found.number, found.close
    created, deleted = found.created, found.deleted
    closed = close < window.until
    won = closed & found.signed
    progress = (written - created) / np.maximum(close - created, 1)
    open_stage = np.array(_STAGES, dtype=object)[np.clip((progress * 4).astype(int), 0, 3)]
    stage = np.select([won, closed], ["Closed Won", "Closed Lost"], open_stage)
    types = np.select(
        [kind == RENEWAL, kind == MORE],
        [
            pick(("Renewal", "Existing Customer - Replacement"), f"{crm.seed}/renewal", account, number,
                 weights=(8, 1)),
            pick(_EXPANSIONS, f"{crm.seed}/more", account, number, weights=(4, 2, 2, 1, 1)),
        ],
        pick(("New Business", "New Customer"), f"{crm.seed}/new", account, number, weights=(4, 1)),
    )  # fmt: skip
    amount = amounts(crm, found)
    probability = np.where(won, 100.0, np.where(closed, 0.0, np.clip(progress, 0.1, 0.9).round(1) * 100))
    names = [f"{crm.companies[i].name} – {t}" for i, t in zip(account, types, strict=True)]
    month = (close // DAY).astype("datetime64[D]").astype("datetime64[M]").astype(int)
    columns = {
        "Id": texts(deal_ids(crm, found)),
        "IsDeleted": flags(deleted < window.until),
        "AccountId": texts(crm.account_ids[account]),
        "OwnerId": texts(crm.owners[account]),
        "Name": texts(names),
        "Type": texts(types),
        "StageName": texts(stage),
        "Amount": numbers(amount, ~closed & (uniform(f"{crm.seed}/no amount", account, number) < 0.1)),
        "Probability": numbers(probability),
        "ExpectedRevenue": numbers(amount * probability / 100),
        "CloseDate": dates(close),
        "IsClosed": flags(closed),
        "IsWon": flags(won),
        "FiscalYear": integers(month // 12 + 1970),
        "FiscalQuarter": integers(month % 12 // 3 + 1),
        "ForecastCategoryName": texts(np.select([won, closed], ["Closed", "Omitted"], "Pipeline")),
        "CreatedDate": timestamps(created),
        "LastModifiedDate": timestamps(written),
        "SystemModstamp": timestamps(written),
    } | terms(crm, found, won)
    return pa.table({name: column for name, column in columns.items() if name not in crm.profile.missing})


def terms(crm: Crm, of: Deals, won: NDArray[np.bool_]) -> dict[str, pa.Array]:
    """Returns the columns of opportunities about their contract. Some renewals do not say when they start,
    some deals not when they end; an expansion ends with the contract that runs."""
    start = contract_start(crm, of)
    unsaid = uniform(f"{crm.seed}/start unsaid", of.kind, of.account, of.number) < 0.2
    endless = uniform(f"{crm.seed}/end unsaid", of.kind, of.account, of.number) < 0.4
    without = ~of.is_contracted
    renews = of.kind == RENEWAL
    return {
        "CurrencyIsoCode": texts(crm.currencies[of.account]),
        "ContractId": texts(contract_ids(crm, of.account, of.number), without | ~won),
        "Contract_Start_Date__c": pc.if_else(
            pa.array(without | (unsaid & renews)), pa.scalar(None, pa.date32()), dates(start)
        ),
        "Contract_End_Date__c": pc.if_else(
            pa.array(without | endless), pa.scalar(None, pa.date32()), dates(start + 364 * DAY)
        ),
        "Term_Months__c": numbers(np.full(len(start), 12.0), without),
        "SBQQ__RenewedContract__c": texts(contract_ids(crm, of.account, of.number - 1), ~renews),
    }


def contract_start(crm: Crm, of: Deals) -> Integers:
    """Returns the first day of each deal's contract: as many years after the first one as it has a number. A
    renewal is signed before or after it."""
    return np.asarray((crm.client_since[of.account] + of.number * 365 * DAY) // DAY * DAY)


def contract_ids(crm: Crm, account: Integers, number: Integers) -> Texts:
    """Returns the ids of the contracts that follow from first deals (number 0) and renewals."""
    return salesforce_ids("800", f"{crm.seed}/agreement", account, number)


def _planned(crm: Crm, window: Window) -> tuple[Integers, Integers, Integers, Integers]:
    """Kind, account, running number and closing instant of every deal there may be by the window's end."""
    first, last = crm.start(_HISTORY_DAYS), window.until + 150 * DAY
    since = crm.client_since
    months = np.arange((first - 2 * _MONTH) // _MONTH, last // _MONTH)
    years = np.arange(1, (last - int(since.min())) // (365 * DAY) + 1)
    prospects = crm.all_accounts[crm.profile.accounts + 3 :]
    parts = []
    for kind, accounts, numbers_ in (
        (FIRST, crm.clients, np.zeros(1, dtype=np.int64)),
        (RENEWAL, crm.clients, years),
        (MORE, crm.clients, months),
        (PROSPECT, prospects, months),
    ):
        account, number = (grid.ravel() for grid in np.meshgrid(accounts, numbers_, indexing="ij"))
        jitter = uniform(f"{crm.seed}/deal day", np.full_like(account, kind), account, number)
        if kind in (FIRST, RENEWAL):
            late = np.where(number > 0, (jitter - 0.7) * 40, 0).astype(np.int64)
            late = np.where(number > 0, (jitter - 0.7) * 40, 0).astype(np.int64)
            close = since[account] + (number * 365 + late) * DAY
        else:
            close = number * _MONTH + (jitter * _MONTH).astype(np.int64)
            often = 0.02 + 0.14 * crm.health[account] if kind == MORE else np.full(len(account), 0.06)
            happens = (
                uniform(f"{crm.seed}/deal happens", np.full_like(account, kind), account, number) < often
            )
            happens &= (close > since[account]) | (kind == PROSPECT)
            account, number, close = account[happens], number[happens], close[happens]
        parts.append((np.full_like(account, kind), account, number, close // DAY * DAY + 17 * HOUR))
    kind_, account, number, close = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    near = (close >= first) & (close < last)
    return kind_[near], account[near], number[near], close[near]


def amounts(crm: Crm, of: Deals) -> Floats:
    """Returns the amounts of deals, in the currency of their account."""
    kind, account, number = of.kind, of.account, of.number
    base = np.exp(10.6 + 0.8 * normal(f"{crm.seed}/contract", account))
    growth = 1 + np.where(kind == RENEWAL, number, 0) * (crm.health[account] - 0.5) * 0.2
    share = np.where(kind == MORE, 0.1 + 0.3 * uniform(f"{crm.seed}/share", account, number), 1.0)
    return np.asarray(np.round(base * growth * share, -2))


DEALS: Mapping[str, CrmTable] = {"Opportunity": opportunities}
