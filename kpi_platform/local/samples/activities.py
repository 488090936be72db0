"""Tasks, events and cases: what happens between a customer and its client accounts, day by day."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kpi_platform.local.samples.crm import Crm, CrmTable
from kpi_platform.local.samples.identifiers import Texts, salesforce_ids
from kpi_platform.local.samples.noise import Integers, normal, pick, uniform
from kpi_platform.local.samples.source import (
    DAY,
    HOUR,
    MINUTE,
    NEVER,
    Window,
    constant,
    dates,
    flags,
    numbers,
    texts,
    timestamps,
)

_HISTORY_DAYS = 420


def _days(
    crm: Crm, table: str, window: Window, rate: float, slope: float
) -> tuple[Integers, Integers, Integers]:
    """The accounts and days (numbers since 1970) on which something of a table begins, and when on that day.

    An account has it on a share `rate + slope · health` of its days, weekends excepted.
    """
    first, last = crm.start(_HISTORY_DAYS) // DAY, window.until // DAY
    account, day = (
        grid.ravel() for grid in np.meshgrid(crm.clients, np.arange(first, last + 1), indexing="ij")
    )
    happens = uniform(f"{crm.seed}/{table}", account, day) < rate + slope * crm.health[account]
    workday = (day + 3) % 7 < 5
    account, day = account[happens & workday], day[happens & workday]
    minute = 8 * 60 + (uniform(f"{crm.seed}/{table} minute", account, day) * 600).astype(np.int64)
    return account, day, day * DAY + minute * MINUTE


def _contact_of(crm: Crm, name: str, account: Integers, day: Integers) -> Texts:
    """The contact that an activity is with: mostly one of the account's, now and then a lead, or nobody."""
    k = (uniform(f"{crm.seed}/{name} contact", account, day) ** 2 * crm.contact_counts[account]).astype(
        np.int64
    )
    kind = uniform(f"{crm.seed}/{name} with", account, day)
    leads = salesforce_ids("00Q", f"{crm.seed}/lead", account, day)
    who: Texts = np.where(kind < 0.85, crm.contact_ids(account, k), leads)
    who[kind >= 0.9] = None
    return who


def _lasting(name: str, account: Integers, day: Integers, median_days: float) -> Integers:
    days = np.exp(np.log(median_days) + 0.9 * normal(name, account, day))
    return np.asarray(days * DAY, dtype=np.int64)


def _deleted_at(crm: Crm, table: str, account: Integers, day: Integers, created: Integers) -> Integers:
    """About one row in seventy is deleted, a week after it was made."""
    gone = uniform(f"{crm.seed}/{table} gone", account, day) < 0.014
    return np.where(gone, created + 7 * DAY, NEVER)


def tasks(crm: Crm, window: Window) -> pa.Table:
    account, day, created = _days(crm, "task", window, 0.03, 0.16)
    due = created + _lasting(f"{crm.seed}/task due", account, day, 4)
    done = np.where(
        uniform(f"{crm.seed}/task done", account, day) < 0.86,
        created + _lasting(f"{crm.seed}/task took", account, day, 3),
        NEVER,
    )
    deleted = _deleted_at(crm, "task", account, day, created)
    kept, written = window.written(created, done, deleted)
    account, day, created, due = account[kept], day[kept], created[kept], due[kept]
    done, deleted, written = done[kept], deleted[kept], written[kept]
    closed = done < window.until
    n = len(account)
    subject = pick(
        ("Call: quarterly check-in", "Email: renewal terms", "Onboarding follow-up", "Send product roadmap",
         "Review open tickets", "Prepare business review", "Call: adoption of the new release"),
        f"{crm.seed}/task subject", account, day,
    )  # fmt: skip
    return pa.table(
        {
            "Id": texts(salesforce_ids("00T", f"{crm.seed}/task", account, day)),
            "IsDeleted": flags(deleted < window.until),
            "WhoId": texts(_contact_of(crm, "task", account, day)),
            "WhatId": texts(crm.account_ids[account]),
            "AccountId": texts(crm.account_ids[account]),
            "OwnerId": texts(crm.owners[account]),
            "Subject": texts(subject),
            "Status": texts(
                np.where(closed, "Completed", np.where(day % 5 == 0, "In Progress", "Not Started"))
            ),
            "Priority": texts(pick(("Normal", "High", "Low"), f"{crm.seed}/task priority", account, day)),
            "TaskSubtype": texts(pick(("Task", "Call", "Email"), f"{crm.seed}/task kind", account, day)),
            "IsClosed": flags(closed),
            "IsArchived": constant(False, n),
            "ActivityDate": dates(np.where(account % 9 == 8, NEVER, due)),
            "CompletedDateTime": timestamps(done, window.until),
            "CreatedDate": timestamps(created),
            "LastModifiedDate": timestamps(written),
            "SystemModstamp": timestamps(written),
        }
    )


def events(crm: Crm, window: Window) -> pa.Table:
    account, day, created = _days(crm, "event", window, 0.01, 0.05)
    quarter_hours = (uniform(f"{crm.seed}/event at", account, day) * 32).astype(np.int64)
    ahead = 1 + (uniform(f"{crm.seed}/event ahead", account, day) * 12).astype(np.int64)
    start = (created // DAY + ahead) * DAY + 9 * HOUR + quarter_hours * 15 * MINUTE
    end = start + np.where(quarter_hours % 2 == 0, 30, 60) * MINUTE
    deleted = _deleted_at(crm, "event", account, day, created)
    kept, written = window.written(created, deleted)
    account, day, created, start = account[kept], day[kept], created[kept], start[kept]
    end, deleted, written = end[kept], deleted[kept], written[kept]
    n = len(account)
    subject = pick(
        ("Quarterly business review", "Executive briefing", "Training session", "Roadmap workshop",
         "Support review"),
        f"{crm.seed}/event subject", account, day,
    )  # fmt: skip
    return pa.table(
        {
            "Id": texts(salesforce_ids("00U", f"{crm.seed}/event", account, day)),
            "IsDeleted": flags(deleted < window.until),
            "WhoId": texts(_contact_of(crm, "event", account, day)),
            "WhatId": texts(crm.account_ids[account]),
            "AccountId": texts(crm.account_ids[account]),
            "OwnerId": texts(crm.owners[account]),
            "Subject": texts(subject),
            "StartDateTime": timestamps(start),
            "EndDateTime": timestamps(end),
            "ActivityDate": dates(start),
            "IsChild": constant(False, n),
            "IsGroupEvent": constant(False, n),
            "CreatedDate": timestamps(created),
            "LastModifiedDate": timestamps(written),
            "SystemModstamp": timestamps(written),
        }
    )


def cases(crm: Crm, window: Window) -> pa.Table:
    account, day, created = _days(crm, "case", window, 0.05, -0.025)
    solved = uniform(f"{crm.seed}/case solved", account, day) < 0.93
    closed = np.where(solved, created + _lasting(f"{crm.seed}/case took", account, day, 2), NEVER)
    answers = uniform(f"{crm.seed}/case answers", account, day) < 0.6
    rated = np.where(solved & answers, closed + 20 * HOUR, NEVER)
    deleted = _deleted_at(crm, "case", account, day, created)
    taken = created + 5 * HOUR
    kept, written = window.written(created, taken, closed, rated, deleted)
    account, day, created, closed = account[kept], day[kept], created[kept], closed[kept]
    rated, deleted, written = rated[kept], deleted[kept], written[kept]
    is_closed = closed < window.until
    is_new = taken[kept] >= window.until
    k = (uniform(f"{crm.seed}/case contact", account, day) * crm.contact_counts[account]).astype(np.int64)
    columns = {
        "Id": texts(salesforce_ids("500", f"{crm.seed}/case", account, day)),
        "IsDeleted": flags(deleted < window.until),
        "CaseNumber": texts([f"{number:08d}" for number in (day - 15_000) * 100 + account % 100]),
        "AccountId": texts(crm.account_ids[account]),
        "ContactId": texts(crm.contact_ids(account, k)),
        "OwnerId": texts(crm.owners[account]),
        "Subject": texts(
            pick(("Question on an invoice", "Feature request", "Login trouble", "Data export",
                  "Slow reports"), f"{crm.seed}/case subject", account, day)
        ),
        "Status": texts(np.where(is_closed, "Closed", np.where(is_new, "New", "Working"))),
        "Priority": texts(
            pick(("Medium", "High", "Low"), f"{crm.seed}/case priority", account, day, weights=(6, 2, 2))
        ),
        "Origin": texts(pick(("Email", "Phone", "Web"), f"{crm.seed}/case origin", account, day)),
        "IsClosed": flags(is_closed),
        "IsEscalated": flags(uniform(f"{crm.seed}/case escalated", account, day) < 0.06),
        "ClosedDate": timestamps(closed, window.until),
        "CreatedDate": timestamps(created),
        "LastModifiedDate": timestamps(written),
        "SystemModstamp": timestamps(written),
    }  # fmt: skip
    if "Satisfaction_Rating__c" not in crm.profile.missing:
        columns["Satisfaction_Rating__c"] = numbers(_rating(crm, account, day), rated >= window.until)
    return pa.table(columns)


def _rating(crm: Crm, account: Integers, day: Integers) -> NDArray[np.float64]:
    """1 to 5 about the account's health; one in fifty came from an old survey of ten points."""
    rating = np.round(1.4 + 3.6 * crm.health[account] + 0.9 * normal(f"{crm.seed}/case rating", account, day))
    rating = np.clip(rating, 1, 5)
    old = uniform(f"{crm.seed}/case survey", account, day) < 0.02
    return np.where(old, rating * 2, rating)


ACTIVITIES: Mapping[str, CrmTable] = {"Task": tasks, "Event": events, "Case": cases}
