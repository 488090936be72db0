# Long: the measures of one page of the contract, in its order.
"""The measures of each account in Salesforce's own tables."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from kpi_platform_tests.reference import measure
from kpi_platform_tests.reference.accounts import synced_at
from kpi_platform_tests.reference.identity import id_key
from kpi_platform_tests.reference.latest_row import latest_rows, unreadable_flag
from kpi_platform_tests.reference.measure import Found
from kpi_platform_tests.reference.money import Money, code
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

_SINGLE_LETTERS = re.compile(r"(?<!\w)(?:[^\W\d_]\.)+(?:[^\W\d_](?!\w))?")
_YEAR = 365 * DAY


@dataclass(frozen=True)
class Salesforce:
    """The tables that are synced and switched on, by name; the others are absent."""

    tables: Mapping[str, Table]
    rules: Rules
    as_of: int
    money: Money

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
    needs["gross_revenue_retention"] = needs["net_revenue_retention"]
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
    window" and a rating on the scale; u: "csat created_date + rating" """
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
            else:
                ratings[account].append(rating)
    scale, limit = salesforce.rules.scale("csat"), salesforce.rules.max_outside("csat")
    return {
        account: measure.mean_rating(ratings.get(account, ()), scale, limit).with_unreadable(u[account])
        for account in ratings.keys() | u.keys()
    }


def is_executive(title: object, rules: Rules) -> bool:
    """ "any hit of not_titles excludes." """
    return any(_has_word(title, word) for word in rules.titles("titles")) and not any(
        _has_word(title, word) for word in rules.titles("not_titles")
    )


def _has_word(title: object, word: str) -> bool:
    """ "Words of both lists match case-insensitively between characters that are no letter, digit or
    underscore (an entry that ends with `-` needs none after it)" """
    end = "" if word.endswith("-") else r"(?!\w)"
    pattern = rf"(?<!\w){re.escape(_normalised(word))}{end}"
    return bool(re.search(pattern, _normalised(text(title) or ""), re.IGNORECASE))


def _normalised(title: str) -> str:
    """ "NFC, dots between or after single letters dropped (`C.E.O.` = CEO), blanks collapsed." """
    spelled = _SINGLE_LETTERS.sub(
        lambda found: found.group().replace(".", ""), unicodedata.normalize("NFC", title)
    )
    return " ".join(spelled.split())


def executive_engagement(salesforce: Salesforce) -> dict[str, Found]:
    """ "distinct completed tasks (and events, where synced) with an executive contact of the account, whose
    engagement time is in the window." "all contacts of a touch are looked at; a touch counts once per
    account."; u: "engagement its time + is_closed" """
    days = salesforce.rules.window_days("executive_engagement")
    executives = {
        contact: (id_key(row["account_id"]), unreadable_flag(row))
        for contact, row in latest_rows(salesforce.table("contact"), "id", id_key).items()
        if is_executive(row["title"], salesforce.rules)
    }
    related = {kind: _related(salesforce, kind) for kind in ("task", "event")}
    touches: Counter[str] = Counter()
    u: Counter[str] = Counter()
    for kind, row, time_columns in _engagements(salesforce):
        decides = next(((read, row[name]) for name, read in time_columns if there(row[name])), None)
        if decides is None:
            continue
        read, landed = decides
        cannot = unreadable_flag(row) or (kind == "task" and unreadable(flag, row["is_closed"]))
        if not unreadable(read, landed) and not salesforce.in_window(read(landed), days):
            continue
        # Account → whether the touch can be read by one of its executives.
        met: dict[str, bool] = {}
        for contact, doubtful in [(id_key(row["who_id"]), False), *related[kind][id_key(row["id"])]]:
            account, contact_doubtful = executives.get(contact or "", (None, False))
            if account is not None:
                certain = not (doubtful or contact_doubtful or cannot or unreadable(read, landed))
                met[account] = met.get(account, False) or certain
        for account, certain in met.items():
            (touches if certain else u)[account] += 1
    return {
        account: measure.count(touches[account]).with_unreadable(u[account])
        for account in touches.keys() | u.keys()
    }


def _related(salesforce: Salesforce, kind: str) -> dict[str | None, list[tuple[str | None, bool]]]:
    """ "every relation_id of live rows of task_relation (task_id), event_relation (event_id), each table
    where it is synced.", each with whether its flags cannot be read."""
    found: dict[str | None, list[tuple[str | None, bool]]] = defaultdict(list)
    for row in latest_rows(salesforce.table(f"{kind}_relation"), "id", id_key).values():
        found[id_key(row[f"{kind}_id"])].append((id_key(row["relation_id"]), unreadable_flag(row)))
    return found


_Times = tuple[tuple[str, Callable[[object], int | None]], ...]
_TASK_TIMES: _Times = (
    ("completed_date_time", instant),
    ("activity_date", midnight),
    ("created_date", instant),
)


def _engagements(salesforce: Salesforce) -> Iterator[tuple[str, Row, _Times]]:
    """ "Completed: `is_closed`, or `status = 'Completed'` where `is_closed` is not there"; "`is_closed` NULL:
    status decides". "Engagement time: `completed_date_time`, else `activity_date` (midnight UTC), else
    `created_date`; for events `end_date_time`" """
    for row in latest_rows(salesforce.table("task"), "id", id_key).values():
        landed = row["is_closed"]
        by_status = not there(landed) and choice(row["status"]) == "completed"
        closed = flag(landed) or unreadable(flag, landed) or by_status
        if closed and not _is_uncounted_email(row, salesforce.rules) and _has_time(row, salesforce.rules):
            yield "task", row, _TASK_TIMES
    for row in latest_rows(salesforce.table("event"), "id", id_key).values():
        yield "event", row, (("end_date_time", instant),)


def _is_uncounted_email(row: Row, rules: Rules) -> bool:
    """ "Tasks of subtype `ListEmail` and `Email` do not count unless `count_emails`"; "any case" """
    return not rules.count_emails and choice(row["task_subtype"]) in ("email", "listemail")


def _has_time(row: Row, rules: Rules) -> bool:
    """ "Only where activity_date is the engagement time; created_date < activity_date 00:00 UTC − 30 d.;
    created_date NULL stays." """
    planned, created = midnight(row["activity_date"]), instant(row["created_date"])
    if there(row["completed_date_time"]) or planned is None or created is None:
        return True
    return rules.planned_days is None or created >= planned - rules.planned_days * DAY


@dataclass(frozen=True)
class _Won:
    """`closed` is None where the close date cannot be read; `doubtful`: is_won, amount or a flag cannot.
    `converted` is None without a rate; `currency` is equal for what is one currency."""

    account: str
    amount: Fraction
    converted: Fraction | None
    currency: str | None
    kind: str
    closed: int | None
    doubtful: bool


def _won_opportunities(salesforce: Salesforce) -> Iterator[_Won]:
    """ "Won: `is_won`. `close_date` is a date: midnight UTC." """
    money = salesforce.money
    for row in latest_rows(salesforce.table("opportunity"), "id", id_key).values():
        account, closed = id_key(row["account_id"]), midnight(row["close_date"])
        won = flag(row["is_won"]) or unreadable(flag, row["is_won"])
        if won and account is not None and there(row["close_date"]):
            doubtful = (
                unreadable(flag, row["is_won"]) or unreadable(number, row["amount"]) or unreadable_flag(row)
            )
            amount, currency = number(row["amount"]) or Fraction(0), code(row["currency_iso_code"])
            yield _Won(
                account,
                amount,
                None if closed is None else money.of_opportunity(amount, currency, closed),
                money.key(currency),
                (text(row["type"]) or "").strip().lower(),
                closed,
                doubtful,
            )


def _comparable(rows: Sequence[_Won]) -> list[Fraction] | None:
    """The amounts of a ratio's rows. "Only where one is missing and all rows of the ratio carry one currency
    …, value, numerator and denominator are computed in that currency." "Otherwise a row without a rate makes
    the account's ratios `no_data`": None."""
    amounts = [row.converted for row in rows]
    known = [amount for amount in amounts if amount is not None]
    if len(known) == len(amounts):
        return known
    return [row.amount for row in rows] if len({row.currency for row in rows}) == 1 else None


def revenue_growth(salesforce: Salesforce) -> dict[str, Found]:
    """ "`100·(R1 − R0)/R0` … NULL (`no_data`) when R0 ≤ 0." "Growth: R1 − R0, R0, won opportunities in both
    windows." Accounts without a won opportunity in either window are absent."""
    return _ratios(
        salesforce, "revenue_growth", lambda won: True, lambda won: True, lambda now, before: now - before
    )


def net_revenue_retention(salesforce: Salesforce) -> dict[str, Found]:
    """ "`100·N/S`. S = won amounts of recurring types closed in `[as_of−730 d, as_of−365 d)` (new business,
    renewal, expansion). N = won amounts of renewal and expansion types closed in `[as_of−365 d, as_of)`." """
    retained = salesforce.rules.nrr_types("renewal") | salesforce.rules.nrr_types("expansion")
    recurring = retained | salesforce.rules.nrr_types("new_business")
    return _ratios(
        salesforce,
        "net_revenue_retention",
        lambda won: won.kind in retained,
        lambda won: won.kind in recurring,
        lambda kept, _: kept,
    )


def _ratios(
    salesforce: Salesforce,
    kpi: str,
    now: Callable[[_Won], bool],
    before: Callable[[_Won], bool],
    numerator: Callable[[Fraction, Fraction], Fraction],
) -> dict[str, Found]:
    """By account, of the rows that have a share in the sum of now or in that of before. "no_data for want of
    a rate …: NULL, NULL, 0."; u: "growth, NRR close_date + is_won, amount (either window)" """
    days = salesforce.rules.window_days(kpi)
    samples: dict[str, list[_Won]] = defaultdict(list)
    u: Counter[str] = Counter()

    def shares(won: _Won) -> tuple[bool, bool]:
        in_now = now(won) and salesforce.in_window(won.closed, days)
        return in_now, before(won) and salesforce.in_window(won.closed, days, earlier=_YEAR)

    for won in _won_opportunities(salesforce):
        looked_at = now(won) or before(won) if won.closed is None else any(shares(won))
        if looked_at and (won.closed is None or won.doubtful):
            u[won.account] += 1
        elif looked_at:
            samples[won.account].append(won)
    found = {}
    for account in samples.keys() | u.keys():
        rows = samples.get(account, [])
        amounts = _comparable(rows)
        if amounts is None:
            found[account] = Found(None, None, None, 0).with_unreadable(u[account])
            continue
        parts = [(amount, *shares(row)) for amount, row in zip(amounts, rows, strict=True)]
        sum_now = sum((amount for amount, in_now, _ in parts if in_now), Fraction(0))
        sum_before = sum((amount for amount, _, in_before in parts if in_before), Fraction(0))
        ratio = measure.percent(numerator(sum_now, sum_before), sum_before, len(rows))
        found[account] = ratio.with_unreadable(u[account])
    return found


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
