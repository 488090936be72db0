"""The measures of each account in Salesforce's own tables."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from kpi_platform_tests.reference import measure
from kpi_platform_tests.reference.accounts import synced_at
from kpi_platform_tests.reference.identity import id_key
from kpi_platform_tests.reference.latest_row import latest_rows, unreadable_flag
from kpi_platform_tests.reference.measure import Found, in_range
from kpi_platform_tests.reference.settings import Rules
from kpi_platform_tests.reference.tables import Row, Table
from kpi_platform_tests.reference.values import (
    DAY,
    choice,
    flag,
    instant,
    midnight,
    number,
    text,
    there,
    unreadable,
)

_EXECUTIVE = re.compile(
    r"\b(?:vp|svp|evp|avp|vice president|director|president|chief|ceo|cfo|coo|cto|cio|cmo|cro|ciso|cso|cpo"
    r"|head of)\b",
    re.IGNORECASE | re.ASCII,
)
_YEAR = 365 * DAY


@dataclass(frozen=True)
class Salesforce:
    """The tables that are synced and switched on, by name; the others are absent."""

    tables: Mapping[str, Table]
    rules: Rules
    as_of: int

    def table(self, name: str) -> Table | None:
        return self.tables.get(name)

    def field(self, name: str) -> str:
        return self.rules.field("salesforce", name)

    def in_window(self, moment: int | None, days: int, *, earlier: int = 0) -> bool:
        """ "A window of `w` days is half open: `[as_of - w days, as_of)`." """
        end = self.as_of - earlier
        return moment is not None and end - days * DAY <= moment < end


def barriers(salesforce: Salesforce, kpi: str) -> set[str]:
    """Why no account can have the KPI: tables that are not synced, fields that do not exist."""
    needs: dict[str, dict[str, tuple[str, ...]]] = {
        "nps": {"account": (salesforce.field("nps_score"),)},
        "adoption_index": {"account": (salesforce.field("adoption_score"),)},
        "csat": {
            "account": (),
            "case": (salesforce.field("satisfaction_rating"), "created_date", "account_id"),
        },
        "executive_engagement": {"account": (), "contact": ("title", "account_id"), "task": ("who_id",)},
        "revenue_growth": {"account": (), "opportunity": ("amount", "close_date", "is_won", "account_id")},
        "net_revenue_retention": {
            "account": (),
            "opportunity": ("amount", "close_date", "is_won", "account_id", "type"),
        },
        "churn_risk": {"account": ()},
    }
    found = set() if salesforce.rules.kpi_enabled(kpi) else {"disabled"}
    for name, columns in needs[kpi].items():
        table = salesforce.table(name)
        if table is None:
            found.add("not_synced")
        elif not all(table.has(column) for column in columns):
            found.add("not_mapped")
    if kpi == "executive_engagement" and not _tasks_tell(salesforce.table("task")):
        found.add("not_mapped")
    return found


def _tasks_tell(task: Table | None) -> bool:
    """Whether tasks say if and when they were completed."""
    return task is None or (
        any(map(task.has, ("is_closed", "status")))
        and any(map(task.has, ("completed_date_time", "activity_date", "created_date")))
    )


def customer_satisfaction(salesforce: Salesforce) -> dict[str, Found]:
    """ "csat: mean of the case field mapped as `satisfaction_rating` over cases with `created_date` in the
    window and a rating in 1…5; ratings outside are left out"; u: "csat created_date + rating" """
    days = salesforce.rules.window_days("csat")
    ratings: dict[str, list[Fraction]] = defaultdict(list)
    u: Counter[str] = Counter()
    for row in latest_rows(salesforce.table("case"), "id", id_key).values():
        account, landed = id_key(row["account_id"]), row[salesforce.field("satisfaction_rating")]
        if account is None or not there(landed):
            continue
        if unreadable(instant, row["created_date"]):
            u[account] += 1
        elif salesforce.in_window(instant(row["created_date"]), days):
            rating = number(landed)
            if rating is None or unreadable_flag(row):
                u[account] += 1
            elif in_range(rating, 1, 5):
                ratings[account].append(rating)
    return {
        account: measure.mean(ratings.get(account, ())).with_unreadable(u[account])
        for account in ratings.keys() | u.keys()
    }


def is_executive(title: object) -> bool:
    """ "Executive by title, case-insensitively, on word boundaries … not if the title contains `assistant
    to`." """
    shown = text(title) or ""
    return bool(_EXECUTIVE.search(shown)) and "assistant to" not in shown.lower()


def executive_engagement(salesforce: Salesforce) -> dict[str, Found]:
    """ "distinct completed tasks (and events, where synced) with an executive contact of the account, whose
    engagement time is in the window."; u: "engagement its time + is_closed" """
    days = salesforce.rules.window_days("executive_engagement")
    executives = {
        contact: (id_key(row["account_id"]), unreadable_flag(row))
        for contact, row in latest_rows(salesforce.table("contact"), "id", id_key).items()
        if is_executive(row["title"])
    }
    touches: Counter[str] = Counter()
    u: Counter[str] = Counter()
    for row, time_columns in _engagements(salesforce):
        account, doubtful = executives.get(id_key(row["who_id"]) or "", (None, False))
        if account is None:
            continue
        decides = next(((read, row[name]) for name, read in time_columns if there(row[name])), None)
        if decides is None:
            continue
        read, landed = decides
        if unreadable(read, landed):
            u[account] += 1
        elif salesforce.in_window(read(landed), days):
            cannot = doubtful or unreadable_flag(row) or unreadable(flag, row["is_closed"])
            (u if cannot else touches)[account] += 1
    return {
        account: measure.count(touches[account]).with_unreadable(u[account])
        for account in touches.keys() | u.keys()
    }


_Times = tuple[tuple[str, Callable[[object], int | None]], ...]
_TASK_TIMES: _Times = (
    ("completed_date_time", instant),
    ("activity_date", midnight),
    ("created_date", instant),
)


def _engagements(salesforce: Salesforce) -> Iterator[tuple[Row, _Times]]:
    """ "Completed: `is_closed`, or `status = 'Completed'` where `is_closed` is not there"; "`is_closed` NULL:
    status decides". "Engagement time: `completed_date_time`, else `activity_date` (midnight UTC), else
    `created_date`; for events `end_date_time`" """
    for row in latest_rows(salesforce.table("task"), "id", id_key).values():
        landed = row["is_closed"]
        by_status = not there(landed) and choice(row["status"]) == "completed"
        if flag(landed) or unreadable(flag, landed) or by_status:
            yield row, _TASK_TIMES
    for row in latest_rows(salesforce.table("event"), "id", id_key).values():
        yield row, (("end_date_time", instant),)


@dataclass(frozen=True)
class _Won:
    """`closed` is None where the close date cannot be read; `doubtful`: is_won, amount or a flag cannot."""

    account: str
    amount: Fraction
    kind: str
    closed: int | None
    doubtful: bool


def _won_opportunities(salesforce: Salesforce) -> Iterator[_Won]:
    """ "Won: `is_won`. `close_date` is a date: midnight UTC." """
    for row in latest_rows(salesforce.table("opportunity"), "id", id_key).values():
        account, closed = id_key(row["account_id"]), midnight(row["close_date"])
        won = flag(row["is_won"]) or unreadable(flag, row["is_won"])
        if won and account is not None and there(row["close_date"]):
            doubtful = (
                unreadable(flag, row["is_won"]) or unreadable(number, row["amount"]) or unreadable_flag(row)
            )
            amount = number(row["amount"]) or Fraction(0)
            yield _Won(account, amount, (text(row["type"]) or "").lower(), closed, doubtful)


@dataclass
class _Sums:
    """Of one account: the sums of this window and of the one before, the sample, and u."""

    now: Fraction = Fraction(0)
    before: Fraction = Fraction(0)
    sample: int = 0
    unreadable: int = 0


def _summed(
    salesforce: Salesforce, kpi: str, now: Callable[[_Won], bool], before: Callable[[_Won], bool]
) -> dict[str, _Sums]:
    """ "growth, NRR close_date + is_won, amount (either window)" """
    days = salesforce.rules.window_days(kpi)
    found: dict[str, _Sums] = defaultdict(_Sums)
    for won in _won_opportunities(salesforce):
        in_now = now(won) and salesforce.in_window(won.closed, days)
        in_before = before(won) and salesforce.in_window(won.closed, days, earlier=_YEAR)
        sums = found[won.account]
        if won.closed is None:
            sums.unreadable += now(won) or before(won)
        elif won.doubtful:
            sums.unreadable += in_now or in_before
        else:
            sums.now += won.amount if in_now else 0
            sums.before += won.amount if in_before else 0
            sums.sample += in_now or in_before
    return found


def revenue_growth(salesforce: Salesforce) -> dict[str, Found]:
    """ "`100·(R1 − R0)/R0` … NULL (`no_data`) when R0 ≤ 0." "Growth: R1 − R0, R0, won opportunities in both
    windows." Accounts without a won opportunity in either window are absent."""
    found = _summed(salesforce, "revenue_growth", lambda won: True, lambda won: True)
    return {
        account: measure.percent(sums.now - sums.before, sums.before, sums.sample).with_unreadable(
            sums.unreadable
        )
        for account, sums in found.items()
    }


def net_revenue_retention(salesforce: Salesforce) -> dict[str, Found]:
    """ "`100·N/S`. S = won amounts of recurring types closed in `[as_of−730 d, as_of−365 d)` (new business,
    renewal, expansion). N = won amounts of renewal and expansion types closed in `[as_of−365 d, as_of)`." """
    retained = salesforce.rules.nrr_types("renewal") | salesforce.rules.nrr_types("expansion")
    recurring = retained | salesforce.rules.nrr_types("new_business")
    found = _summed(
        salesforce,
        "net_revenue_retention",
        lambda won: won.kind in retained,
        lambda won: won.kind in recurring,
    )
    return {
        account: measure.percent(sums.now, sums.before, sums.sample).with_unreadable(sums.unreadable)
        for account, sums in found.items()
    }


def last_synced(salesforce: Salesforce) -> dict[str, int]:
    """Newest sync of each account's opportunities and cases that exist at as_of."""
    newest: dict[str, int] = {}
    for name, event_time in (("opportunity", "close_date"), ("case", "created_date")):
        read_time = midnight if event_time == "close_date" else instant
        for row in latest_rows(salesforce.table(name), "id", id_key).values():
            account, synced, moment = id_key(row["account_id"]), synced_at(row), read_time(row[event_time])
            if account is None or synced is None or moment is None or moment >= salesforce.as_of:
                continue
            newest[account] = max(synced, newest.get(account, synced))
    return newest
