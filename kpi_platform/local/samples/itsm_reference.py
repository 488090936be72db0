"""The ServiceNow tables that tickets refer to: companies, users, items, problems, changes, choices."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kpi_platform.local.samples.crm import Crm
from kpi_platform.local.samples.identifiers import Texts, sys_ids
from kpi_platform.local.samples.noise import Integers, pick
from kpi_platform.local.samples.people import person_names
from kpi_platform.local.samples.source import DAY, Window, constant, flags, integers, texts, timestamps
from kpi_platform.local.samples.tickets import TicketHistory

Columns = dict[str, pa.Array]
_USER_ROLES = ("caller_id", "opened_by", "assigned_to", "resolved_by")
_CHOICES = (
    ("incident", "state", (("1", "New"), ("2", "In Progress"), ("3", "On Hold"), ("6", "Resolved"),
                           ("7", "Closed"), ("8", "Canceled"))),
    ("task", "priority", (("1", "1 - Critical"), ("2", "2 - High"), ("3", "3 - Moderate"),
                          ("4", "4 - Low"), ("5", "5 - Planning"))),
    ("task", "escalation", (("0", "Normal"), ("1", "Moderate"), ("2", "High"), ("3", "Overdue"))),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Records:
    """A table of reference records: their numbers, from which come their sys_ids, and their own columns."""

    name: str
    rows: Callable[[Crm, TicketHistory], tuple[Integers, Columns]]
    task_prefix: str | None = None
    """The prefix of the number in `task`, if the records are tasks."""


def reference(
    records: Records, crm: Crm, history: TicketHistory, window: Window, *, as_task: bool = False
) -> pa.Table:
    """Returns the records written in the window; `as_task`: what `task` has of them. Each is written once."""
    codes, columns = records.rows(crm, history)
    created = crm.day - 900 * DAY + codes % 400 * DAY
    kept, written = window.written(created)
    sys_columns = {
        "sys_id": texts(sys_ids(f"{crm.seed}/{records.name}", codes)),
        "sys_created_on": timestamps(created),
        "sys_updated_on": timestamps(written),
    }
    if as_task:
        columns = {
            "number": texts([f"{records.task_prefix}{code:07d}" for code in codes]),
            "sys_class_name": constant(records.name, len(codes)),
            "opened_at": timestamps(created),
            "priority": integers(np.full(len(codes), 3)),
            "state": integers(np.full(len(codes), 2)),
            "active": flags(np.ones(len(codes), dtype=bool)),
            "short_description": columns["short_description"],
        }
    elif records.task_prefix and crm.profile.layout == "class_tables":
        columns.pop("short_description")
    return pa.table(sys_columns | columns).filter(pa.array(kept))


def company_ids(crm: Crm, accounts: Integers) -> Texts:
    return sys_ids(f"{crm.seed}/core_company", accounts)


def user_ids(seed: str, role: str, codes: Integers) -> Texts:
    """Returns the ids of users. The log numbers callers, openers and so on apart; here every number in every
    role is a user."""
    ids = sys_ids(f"{seed}/sys_user", _user_codes(role, codes))
    ids[codes < 0] = None
    return ids


def _user_codes(role: str, codes: Integers) -> Integers:
    return codes * len(_USER_ROLES) + _USER_ROLES.index(role)


def _known(history: TicketHistory, column: str) -> Integers:
    codes = np.unique(history.log.finals[column])
    return codes[codes >= 0]


def _companies(crm: Crm, _: TicketHistory) -> tuple[Integers, Columns]:
    accounts = np.arange(crm.profile.accounts)
    who = [crm.companies[i] for i in accounts]
    return accounts, {
        "name": texts([company.name for company in who]),
        "website": texts([f"www.{company.domain}" for company in who]),
        "customer": flags(np.ones(len(who), dtype=bool)),
        "city": texts([company.city for company in who]),
        "country": texts([company.country for company in who]),
    }


def _users(crm: Crm, history: TicketHistory) -> tuple[Integers, Columns]:
    codes = np.concatenate([_user_codes(role, _known(history, role)) for role in _USER_ROLES])
    first, last = person_names(f"{crm.seed}/sys_user", codes)
    names = [f"{a}.{b}.{code}".lower() for a, b, code in zip(first, last, codes, strict=True)]
    return codes, {
        "user_name": texts(names),
        "first_name": texts(first),
        "last_name": texts(last),
        "name": texts(first + " " + last),
        "email": texts([f"{name}@{crm.seed.replace('_', '-')}.example" for name in names]),
        "active": flags(codes % 50 != 0),
        "vip": flags(codes % 97 == 0),
    }


def _items(crm: Crm, history: TicketHistory) -> tuple[Integers, Columns]:
    codes = _known(history, "cmdb_ci")
    kinds = pick(("cmdb_ci_server", "cmdb_ci_service", "cmdb_ci_computer"), f"{crm.seed}/ci class", codes)
    return codes, {
        "name": texts([f"CI {code}" for code in codes]),
        "sys_class_name": texts(kinds),
        "category": texts(pick(("Hardware", "Software", "Resource"), f"{crm.seed}/ci category", codes)),
        "unverified": flags(codes % 4 == 0),
    }


def _problems(crm: Crm, history: TicketHistory) -> tuple[Integers, Columns]:
    codes = _known(history, "problem_id")
    return codes, {
        "problem_state": integers(np.full(len(codes), 102)),
        "known_error": flags(codes % 3 == 0),
        "category": texts(pick(("software", "hardware", "network"), f"{crm.seed}/problem", codes)),
        "short_description": texts([f"Cause behind incidents {code}" for code in codes]),
    }


def _changes(crm: Crm, history: TicketHistory) -> tuple[Integers, Columns]:
    codes = _known(history, "rfc")
    return codes, {
        "type": texts(
            pick(("normal", "standard", "emergency"), f"{crm.seed}/change", codes, weights=(6, 3, 1))
        ),
        "risk": integers(pick((2, 3, 4), f"{crm.seed}/risk", codes).astype(np.int64)),
        "on_hold": flags(np.zeros(len(codes), dtype=bool)),
        "short_description": texts([f"Change {code}" for code in codes]),
    }


def _choices(_: Crm, __: TicketHistory) -> tuple[Integers, Columns]:
    rows = [(table, element, *choice) for table, element, choices in _CHOICES for choice in choices]
    names, elements, values, labels = zip(*rows, strict=True)
    return np.arange(len(rows)), {
        "name": texts(names),
        "element": texts(elements),
        "value": texts(values),
        "label": texts(labels),
        "language": constant("en", len(rows)),
        "inactive": constant(False, len(rows)),
    }


REFERENCE_TABLES: Mapping[str, Records] = {
    "problem": Records("problem_id", _problems, "PRB"),
    "change_request": Records("rfc", _changes, "CHG"),
    "cmdb_ci": Records("cmdb_ci", _items),
    "sys_user": Records("sys_user", _users),
    "core_company": Records("core_company", _companies),
    "sys_choice": Records("sys_choice", _choices),
}
