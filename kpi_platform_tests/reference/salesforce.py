"""What Salesforce's own tables say of each account."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from kpi_platform_tests.reference import measure
from kpi_platform_tests.reference.accounts import synced_at
from kpi_platform_tests.reference.identity import id_key
from kpi_platform_tests.reference.latest_row import latest_rows
from kpi_platform_tests.reference.measure import Found, in_range
from kpi_platform_tests.reference.settings import Rules
from kpi_platform_tests.reference.tables import Row, Table
from kpi_platform_tests.reference.values import DAY, choice, flag, instant, midnight, number, text

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
    window and a rating in 1…5; ratings outside are left out" """
    days = salesforce.rules.window_days("csat")
    ratings: dict[str, list[Fraction]] = defaultdict(list)
    for row in latest_rows(salesforce.table("case"), "id", id_key).values():
        account, rating = id_key(row["account_id"]), number(row[salesforce.field("satisfaction_rating")])
        if account is None or rating is None or not salesforce.in_window(instant(row["created_date"]), days):
            continue
        if in_range(rating, 1, 5):
            ratings[account].append(rating)
    return {account: measure.mean(found) for account, found in ratings.items()}


def is_executive(title: object) -> bool:
    """ "Executive by title, case-insensitively, on word boundaries … not if the title contains `assistant
    to`." """
    shown = text(title) or ""
    return bool(_EXECUTIVE.search(shown)) and "assistant to" not in shown.lower()


def executive_engagement(salesforce: Salesforce) -> Counter[str]:
    """ "distinct completed tasks (and events, where synced) with an executive contact of the account, whose
    engagement time is in the window." """
    days = salesforce.rules.window_days("executive_engagement")
    executives = {
        contact: id_key(row["account_id"])
        for contact, row in latest_rows(salesforce.table("contact"), "id", id_key).items()
        if is_executive(row["title"])
    }
    touches: Counter[str] = Counter()
    for row in _completed_tasks(salesforce):
        account = executives.get(id_key(row["who_id"]) or "")
        if account is not None and salesforce.in_window(_engaged_at(row), days):
            touches[account] += 1
    for row in latest_rows(salesforce.table("event"), "id", id_key).values():
        account = executives.get(id_key(row["who_id"]) or "")
        if account is not None and salesforce.in_window(instant(row["end_date_time"]), days):
            touches[account] += 1
    return touches


def _completed_tasks(salesforce: Salesforce) -> Iterator[Row]:
    """ "Completed: `is_closed`, or `status = 'Completed'` where `is_closed` is not there"; "`is_closed` NULL:
    status decides" """
    for row in latest_rows(salesforce.table("task"), "id", id_key).values():
        closed = flag(row["is_closed"])
        if closed or (closed is None and choice(row["status"]) == "completed"):
            yield row


def _engaged_at(row: Row) -> int | None:
    """ "Engagement time: `completed_date_time`, else `activity_date` (midnight UTC), else `created_date`" """
    for moment in (
        instant(row["completed_date_time"]),
        midnight(row["activity_date"]),
        instant(row["created_date"]),
    ):
        if moment is not None:
            return moment
    return None


@dataclass(frozen=True)
class _Won:
    account: str
    amount: Fraction
    kind: str
    closed: int


def _won_opportunities(salesforce: Salesforce) -> Iterator[_Won]:
    """ "Won: `is_won`. `close_date` is a date: midnight UTC." """
    for row in latest_rows(salesforce.table("opportunity"), "id", id_key).values():
        account, closed = id_key(row["account_id"]), midnight(row["close_date"])
        if flag(row["is_won"]) and account is not None and closed is not None:
            yield _Won(
                account, number(row["amount"]) or Fraction(0), (text(row["type"]) or "").lower(), closed
            )


def revenue_growth(salesforce: Salesforce) -> dict[str, Found]:
    """ "`100·(R1 − R0)/R0` … NULL (`no_data`) when R0 ≤ 0." "Growth: R1 − R0, R0, won opportunities in both
    windows." Accounts without a won opportunity in either window are absent."""
    days = salesforce.rules.window_days("revenue_growth")
    now: Counter[str] = Counter()
    before: Counter[str] = Counter()
    sample: Counter[str] = Counter()
    for won in _won_opportunities(salesforce):
        in_now = salesforce.in_window(won.closed, days)
        in_before = salesforce.in_window(won.closed, days, earlier=_YEAR)
        now[won.account] += won.amount if in_now else 0  # type: ignore[assignment]
        before[won.account] += won.amount if in_before else 0  # type: ignore[assignment]
        sample[won.account] += in_now or in_before
    return {
        account: measure.percent(Fraction(now[account] - before[account]), Fraction(before[account]), n)
        for account, n in sample.items()
    }


def net_revenue_retention(salesforce: Salesforce) -> dict[str, Found]:
    """ "`100·N/S`. S = won amounts of recurring types closed in `[as_of−730 d, as_of−365 d)` (new business,
    renewal, expansion). N = won amounts of renewal and expansion types closed in `[as_of−365 d, as_of)`." """
    days = salesforce.rules.window_days("net_revenue_retention")
    retained = salesforce.rules.nrr_types("renewal") | salesforce.rules.nrr_types("expansion")
    recurring = retained | salesforce.rules.nrr_types("new_business")
    kept: Counter[str] = Counter()
    base: Counter[str] = Counter()
    sample: Counter[str] = Counter()
    for won in _won_opportunities(salesforce):
        in_kept = won.kind in retained and salesforce.in_window(won.closed, days)
        in_base = won.kind in recurring and salesforce.in_window(won.closed, days, earlier=_YEAR)
        kept[won.account] += won.amount if in_kept else 0  # type: ignore[assignment]
        base[won.account] += won.amount if in_base else 0  # type: ignore[assignment]
        sample[won.account] += in_kept or in_base
    return {
        account: measure.percent(Fraction(kept[account]), Fraction(base[account]), n)
        for account, n in sample.items()
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
