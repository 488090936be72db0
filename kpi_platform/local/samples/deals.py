"""Opportunities: a first deal with each client, renewals every year, more in between, and prospects."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from kpi_platform.local.samples.crm import Crm, CrmTable
from kpi_platform.local.samples.identifiers import salesforce_ids
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
_FIRST, _RENEWAL, _MORE, _PROSPECT = range(4)


def opportunities(crm: Crm, window: Window) -> pa.Table:
    kind, account, number, close = _planned(crm, window)
    lead_days = 20 + (uniform(f"{crm.seed}/deal lead", kind, account, number) * 100).astype(np.int64)
    created = close - lead_days * DAY - 3 * HOUR
    stirred = created + (close - created) // 2
    gone = uniform(f"{crm.seed}/deal gone", kind, account, number) < 0.012
    deleted = np.where(gone, created + 10 * DAY, NEVER)
    kept, written = window.written(created, stirred, close, deleted)
    kind, account, number = kind[kept], account[kept], number[kept]
    close, created, stirred, deleted, written = (
        instants[kept] for instants in (close, created, stirred, deleted, written)
    )
    closed = close < window.until
    chance = np.select(
        [kind == _FIRST, kind == _RENEWAL, kind == _MORE], [1.0, 0.7 + 0.3 * crm.health[account], 0.45], 0.2
    )
    won = closed & (uniform(f"{crm.seed}/deal won", kind, account, number) < chance)
    progress = (written - created) / np.maximum(close - created, 1)
    open_stage = np.array(_STAGES, dtype=object)[np.clip((progress * 4).astype(int), 0, 3)]
    stage = np.select([won, closed], ["Closed Won", "Closed Lost"], open_stage)
    types = np.select(
        [kind == _RENEWAL, kind == _MORE],
        [
            pick(("Renewal", "Existing Customer - Replacement"), f"{crm.seed}/renewal", account, number,
                 weights=(8, 1)),
            pick(_EXPANSIONS, f"{crm.seed}/more", account, number, weights=(4, 2, 2, 1, 1)),
        ],
        pick(("New Business", "New Customer"), f"{crm.seed}/new", account, number, weights=(4, 1)),
    )  # fmt: skip
    amount = _amounts(crm, kind, account, number)
    probability = np.where(won, 100.0, np.where(closed, 0.0, np.clip(progress, 0.1, 0.9).round(1) * 100))
    names = [f"{crm.companies[i].name} – {t}" for i, t in zip(account, types, strict=True)]
    month = (close // DAY).astype("datetime64[D]").astype("datetime64[M]").astype(int)
    return pa.table(
        {
            "Id": texts(salesforce_ids("006", f"{crm.seed}/deal", kind, account, number)),
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
        }
    )


def _planned(crm: Crm, window: Window) -> tuple[Integers, Integers, Integers, Integers]:
    """Kind, account, running number and closing instant of every deal there may be by the window's end."""
    first, last = crm.start(_HISTORY_DAYS), window.until + 150 * DAY
    since = crm.client_since
    months = np.arange((first - 2 * _MONTH) // _MONTH, last // _MONTH)
    years = np.arange(1, (last - int(since.min())) // (365 * DAY) + 1)
    prospects = crm.all_accounts[crm.profile.accounts + 3 :]
    parts = []
    for kind, accounts, numbers_ in (
        (_FIRST, crm.clients, np.zeros(1, dtype=np.int64)),
        (_RENEWAL, crm.clients, years),
        (_MORE, crm.clients, months),
        (_PROSPECT, prospects, months),
    ):
        account, number = (grid.ravel() for grid in np.meshgrid(accounts, numbers_, indexing="ij"))
        jitter = uniform(f"{crm.seed}/deal day", np.full_like(account, kind), account, number)
        if kind in (_FIRST, _RENEWAL):
            late = np.where(number > 0, (jitter - 0.7) * 40, 0).astype(np.int64)
            late = np.where(number > 0, (jitter - 0.7) * 40, 0).astype(np.int64)
            close = since[account] + (number * 365 + late) * DAY
        else:
            close = number * _MONTH + (jitter * _MONTH).astype(np.int64)
            often = 0.02 + 0.14 * crm.health[account] if kind == _MORE else np.full(len(account), 0.06)
            happens = (
                uniform(f"{crm.seed}/deal happens", np.full_like(account, kind), account, number) < often
            )
            happens &= (close > since[account]) | (kind == _PROSPECT)
            account, number, close = account[happens], number[happens], close[happens]
        parts.append((np.full_like(account, kind), account, number, close // DAY * DAY + 17 * HOUR))
    kind_, account, number, close = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    near = (close >= first) & (close < last)
    return kind_[near], account[near], number[near], close[near]


def _amounts(crm: Crm, kind: Integers, account: Integers, number: Integers) -> Floats:
    base = np.exp(10.6 + 0.8 * normal(f"{crm.seed}/contract", account))
    growth = 1 + np.where(kind == _RENEWAL, number, 0) * (crm.health[account] - 0.5) * 0.2
    share = np.where(kind == _MORE, 0.1 + 0.3 * uniform(f"{crm.seed}/share", account, number), 1.0)
    return np.asarray(np.round(base * growth * share, -2))


DEALS: Mapping[str, CrmTable] = {"Opportunity": opportunities}
