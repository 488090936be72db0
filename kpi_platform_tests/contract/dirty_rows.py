# Long: one function for each table, which share the maker.
"""Makes adversarial rows of every table of both sources, in canonical columns: every rule of the contract is
met, missed and missed by a microsecond.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kpi_platform_tests.contract import people

AS_OFS = (
    datetime(2026, 3, 1, 6, tzinfo=UTC),
    datetime(2026, 2, 10, 13, 37, 42, 123457, tzinfo=UTC),
    datetime(2025, 11, 30, tzinfo=UTC),
)
"""The instants at which worlds are computed; many rows lie around their windows' edges."""

_WINDOWS = (0, 7, 14, 30, 90, 365, 730, 45, 395)
_EDGES = tuple(timedelta(microseconds=step) for step in (-1, 0, 1))
MICROSECOND = timedelta(microseconds=1)

_AMOUNTS = (0.1, 0.2, 0.3, 1000.0, 250000.55, 99999999.99, -400.25, 0.0, None, 33333.33, 1e12, math.nan)
CURRENCIES = (("USD", 3, True), ("EUR", 0.875, False), (" jpy", 150, None), ("GBP", 0, False))
_CURRENCIES_OF_DEALS = (*["USD"] * 12, *["EUR"] * 6, *["JPY"] * 3, "usd ", "", None, None, "CHF", "XXX")
_SCORES = (
    *(-100, 100, 101, -100.5, 100.00000000001, 9.5, 10, 55, 70, None, 0, 42.25, 39.999),
    *(33.333333333333336, 1e-07, 1e30, math.nan, math.inf, -0.0),
)
_STAGES = (
    *("completed", "Completed", "COMPLETED", "completed"),
    *("in_progress", "paused", "cancelled", "Canceled", "breached", None),
)

Row = dict[str, object]


@dataclass
class Maker:
    rng: random.Random
    accounts: list[str]
    strangers: list[str]
    history: bool

    def pick(self, *options: object) -> object:
        return self.rng.choice(options)

    def some(self, value: Callable[[], object], nulls: float = 0.15) -> object:
        return None if self.rng.random() < nulls else value()

    def moment(self) -> datetime:
        """An instant, often a microsecond from the edge of a window."""
        if self.rng.random() < 0.3:
            edge = self.rng.choice(AS_OFS) - timedelta(days=self.rng.choice(_WINDOWS))
            return edge + self.rng.choice(_EDGES)
        days = self.rng.choice((30, 30, 60, 120, 800))
        return (
            AS_OFS[0]
            + timedelta(days=15)
            - timedelta(seconds=self.rng.randrange(days * 86400), milliseconds=7)
        )

    def day(self) -> datetime:
        """A midnight, often at the edge of a window."""
        moment = (
            self.moment()
            if self.rng.random() < 0.5
            else AS_OFS[0]
            - timedelta(days=self.rng.choice((1, 29, 30, 31, 364, 365, 366, 500, 700, 730, 731)))
        )
        return moment.replace(hour=0, minute=0, second=0, microsecond=0)

    def later(self, start: datetime) -> datetime:
        """Mostly after `start`; sometimes before it, or exactly then."""
        if self.rng.random() < 0.15:
            return self.moment()
        return start + self.rng.choice(
            (
                timedelta(0),
                MICROSECOND,
                -MICROSECOND,
                timedelta(hours=-2),
                timedelta(seconds=self.rng.randrange(4 * 3600)),
                timedelta(minutes=self.rng.randrange(7 * 1440)),
                timedelta(days=40, microseconds=3),
            )
        )

    def due(self, start: datetime) -> datetime | None:
        """When something was due: often exactly at as_of, sometimes never."""
        chance = self.rng.random()
        if chance < 0.25:
            return self.rng.choice(AS_OFS) + self.rng.choice(_EDGES)
        return None if chance < 0.35 else self.later(start)

    def account(self) -> str:
        return people.form(self.rng, self.rng.choice(self.accounts))

    def lifecycle(self) -> Row:
        """Deleted, inactive and unsynced rows are part of every table."""
        return {
            "is_deleted": self.pick(False, False, False, False, None, True),
            "_fivetran_deleted": self.rng.random() < 0.06,
            "_fivetran_active": self.pick(True, True, True, True, True, True, None, False),
            "_fivetran_start": self.moment(),
            "_fivetran_synced": self.some(self.moment, 0.03),
        }


def account(make: Maker, key: str, users: list[str]) -> Row:
    kind = (
        "Customer",
        "Customer - Direct",
        "Customer - Channel",
        "Customer",
        "Customer - Direct",
        "Customers",
    )
    return {
        "id": people.form(make.rng, key),
        "name": make.some(lambda: make.rng.choice(people.NAMES), 0.05),
        "type": make.rng.choice(
            (
                *kind,
                *kind,
                "Prospect",
                "customer - direct",
                "Former Customer",
                " Customer - Churned",
                " ",
                None,
            )
        ),
        "master_record_id": make.account() if make.rng.random() < 0.08 else None,
        "industry": make.pick("Software", 'Food "& Drink"', None),
        "billing_country": make.pick("Österreich", "US", None),
        "currency_iso_code": make.pick("USD", "EUR", "JPY", None),
        "annual_revenue": make.pick(0.0, 1234567.89, None, -5.0),
        "owner_id": make.some(lambda: people.form(make.rng, make.rng.choice(users))),
        "nps_score": make.rng.choice(_SCORES),
        "adoption_score": make.rng.choice(_SCORES),
        "churn_risk": make.pick(None, None, None, None, 0, 100, 12.5, 150, -3),
        "health_score": make.pick(None, 88, -7, 1000),
        "last_login_date": make.some(make.moment),
        "active_users": make.pick(None, 0, 5, 17, 250, -3),
        "total_users": make.pick(None, 0, 10, 100, 3, -1),
        "feature_usage_score": make.pick(None, 0, 55.5, 100, 140, -10),
        "executive_engagement": make.pick("Low", "low ", "LOW", "High", "Medium", "Lowest", None),
        **make.lifecycle(),
    }


def user(make: Maker, key: str) -> Row:
    return {
        "id": people.form(make.rng, key),
        "name": make.pick("Zoë D'Arc", "Bob", None),
        "email": make.pick("zoe@example.com", None),
        **make.lifecycle(),
    }


def contact(make: Maker, key: str) -> Row:
    return {
        "id": people.form(make.rng, key),
        "account_id": make.some(make.account, 0.05),
        "title": make.rng.choice(people.TITLES),
        **make.lifecycle(),
    }


def opportunity(make: Maker) -> Row:
    kinds = (
        "New Business",
        "new customer",
        "RENEWAL",
        "Renewal",
        "Existing Customer - Replacement",
        "Upsell",
        "cross-SELL",
        "Expansion",
        "Existing Customer - Upgrade",
        "Existing Business",
        "Renewal;Upsell",
        "Services",
        None,
    )
    return {
        "id": people.form(make.rng, people.salesforce_id(make.rng, "006")),
        "account_id": make.some(make.account, 0.03),
        "amount": make.rng.choice(_AMOUNTS),
        "currency_iso_code": make.rng.choice(_CURRENCIES_OF_DEALS),
        "type": make.rng.choice(kinds),
        "is_won": make.pick(True, True, True, False, None),
        "close_date": make.some(make.day, 0.03),
        **make.lifecycle(),
    }


def _rating(make: Maker) -> object:
    return make.pick(1, 2, 3, 4, 5, 4.5, 3.3, 2.7, 0, 6, 0.999, 5.00000000001, 0.99999999999, None, -1)


def case(make: Maker) -> Row:
    return {
        "id": people.form(make.rng, people.salesforce_id(make.rng, "500")),
        "account_id": make.some(make.account, 0.03),
        "created_date": make.some(make.moment, 0.03),
        # Not a hair's breadth from 3, where churn risk begins: see AMBIGUITIES.md.
        "satisfaction_rating": make.pick(1, 2, 3, 4, 5, 4.5, 3.3, 2.7, 0, 6, 0.999, None, -1),
        **make.lifecycle(),
    }


def _who(make: Maker, contacts: list[str]) -> object:
    lead = people.salesforce_id(make.rng, "00Q")
    return make.some(lambda: people.form(make.rng, make.rng.choice((*contacts[:60], lead))), 0.05)


def task(make: Maker, contacts: list[str]) -> Row:
    return {
        "id": people.form(make.rng, people.salesforce_id(make.rng, "00T")),
        "who_id": _who(make, contacts),
        "account_id": make.some(make.account),
        "task_subtype": make.pick("Call", "Task", "Email", " email", "LISTEMAIL", None, None, None),
        "status": make.pick("Completed", "completed", "COMPLETED", "Open", "Not Completed", None),
        "is_closed": make.pick(True, True, False, None),
        "completed_date_time": make.some(make.moment, 0.5),
        "activity_date": make.some(make.day, 0.4),
        "created_date": make.some(make.moment, 0.1),
        **make.lifecycle(),
    }


def event(make: Maker, contacts: list[str]) -> Row:
    return {
        "id": people.form(make.rng, people.salesforce_id(make.rng, "00U")),
        "who_id": _who(make, contacts),
        "start_date_time": make.moment(),
        "end_date_time": make.some(make.moment, 0.05),
        **make.lifecycle(),
    }


def relation(make: Maker, kind: str, touches: list[Row], contacts: list[str]) -> Row:
    touch = make.rng.choice(touches)["id"]
    return {
        "id": people.form(make.rng, people.salesforce_id(make.rng, "0RE")),
        f"{kind}_id": None if touch is None else people.form(make.rng, str(touch)[:15]),
        "relation_id": _who(make, contacts),
        **make.lifecycle(),
    }


def currency(make: Maker, iso_code: str, rate: object, is_corporate: object) -> Row:
    return {
        "id": people.form(make.rng, people.salesforce_id(make.rng, "01L")),
        "iso_code": iso_code,
        "conversion_rate": rate,
        "is_corporate": is_corporate,
        **make.lifecycle(),
        "is_deleted": False, "_fivetran_deleted": False, "_fivetran_active": True,
    }  # fmt: skip


def dated_rate(make: Maker) -> Row:
    start = make.day()
    return {
        "id": people.form(make.rng, people.salesforce_id(make.rng, "04w")),
        "iso_code": make.pick("JPY", "eur ", "CHF", "USD"),
        "start_date": make.some(lambda: start, 0.05),
        "next_start_date": make.some(lambda: start + timedelta(days=make.rng.choice((0, 30, 200)))),
        "conversion_rate": make.pick(120.5, 151.0, 0.9, 1.1, 0, -1, None),
        **make.lifecycle(),
    }


def company(make: Maker, key: str) -> Row:
    return {"sys_id": key, "name": make.rng.choice(people.COMPANY_SPELLINGS), **make.lifecycle()}


def incident(make: Maker, key: str, companies: list[str]) -> Row:
    opened = make.moment()
    resolved = make.some(lambda: make.later(opened), 0.3)
    by_company = make.rng.random() < 0.35
    landed = make.rng.choice((*make.accounts, *make.accounts, *make.strangers))
    return {
        "sys_id": key,
        "number": f"INC{key[-4:]}",
        "customer_account_id": make.pick(None, "", " ", " N/A ", "unknown", "0", "not  set")
        if by_company
        else people.form(make.rng, landed),
        "customer_account_name": make.some(lambda: make.rng.choice(people.NAMES), 0.3),
        "company_value": make.some(lambda: make.rng.choice((*companies, "unknown")), 0.1),
        "opened_at": make.some(lambda: opened, 0.02),
        "first_responded_at": make.some(lambda: make.later(opened), 0.3),
        "resolved_at": resolved,
        "closed_at": make.some(lambda: make.later(opened), 0.4),
        "state": make.pick(1, 2, 3, 6, 6, 7, 7, 8, None),
        "incident_state": make.pick(1, 2, 3, 6, 6, 7, 7, 7, 7, 7, 7, 8),
        "business_stc": make.some(lambda: int(_length(make).total_seconds()), 0.2),
        "reopened_time": _reopening(make, resolved),
        "priority": make.pick(1, 1, 2, 3, 4, 5, None),
        "escalation": make.pick(0, 0, 1, 2, None),
        "reopen_count": make.pick(0, 0, 1, 3, None),
        "reassignment_count": make.pick(0, 2, 3, 9, None),
        "category": make.pick("Hardware", "hardware", 'O\'Neil "net" 🚀', None, "Software"),
        "parent_incident_value": _parent(make, key),
        "sla_due": resolved if make.rng.random() < 0.05 else make.due(opened + timedelta(days=2)),
        "made_sla": make.pick(True, True, False, None),
        "satisfaction_rating": _rating(make),
        **make.lifecycle(),
    }


def _length(make: Maker) -> timedelta:
    """Of a duration: mostly credible, at the edges of that too."""
    ten_years = timedelta(hours=87_660)
    return make.rng.choice(
        (
            *(timedelta(seconds=make.rng.randrange(1, 900_000)) for _ in range(6)),
            *(timedelta(0), timedelta(seconds=-7), ten_years, ten_years + timedelta(seconds=1)),
        )
    )


def _parent(make: Maker, key: str) -> object:
    """Mostly none; else one of all incidents, itself, a problem, or a near one: chains and cycles."""
    if make.rng.random() < 0.75:
        return make.pick(None, None, None, "", " ")
    number = int(key[-4:])
    near = f"incident{max(number + make.rng.choice((-2, -1, 1, 2)), 0):04d}"
    return make.pick("incident0001", near, near, near, key, "problem0001")


def _reopening(make: Maker, resolved: object) -> object:
    """Mostly none; often exactly at the resolution, at as_of, or a hair's breadth from them."""
    chance = make.rng.random()
    if chance < 0.6:
        return None
    near = resolved if chance < 0.75 and isinstance(resolved, datetime) else make.rng.choice(AS_OFS)
    return make.moment() if chance > 0.9 else near + make.rng.choice(_EDGES)


def contract(make: Maker, key: str) -> Row:
    return {
        "sys_id": key,
        "target": make.pick("resolution", "Resolution", "resolution", "resolution", "response", None),
        "type": make.pick("SLA", "sla", "SLA", "SLA", "OLA", None),
        **make.lifecycle(),
    }


def task_sla(make: Maker, number: int, tickets: list[str], definitions: list[str]) -> Row:
    start = make.moment()
    return {
        "sys_id": f"sla{number:04d}",
        "task_value": make.some(lambda: make.rng.choice((*tickets, "another task")), 0.03),
        "sla_value": make.some(lambda: make.rng.choice((*definitions, "unknown")), 0.05),
        "stage": make.rng.choice(_STAGES),
        "has_breached": make.pick(True, True, False, None),
        "start_time": make.some(lambda: start, 0.05),
        "business_duration": make.some(lambda: datetime(1970, 1, 1, tzinfo=UTC) + _length(make), 0.1),
        "end_time": make.some(lambda: make.later(start), 0.35),
        "planned_end_time": make.due(start),
        **make.lifecycle(),
    }
