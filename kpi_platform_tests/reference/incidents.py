# Long: the rules of an incident, in the order of the contract.
"""ServiceNow's incidents: both layouts, what counts, and whose they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from kpi_platform_tests.reference.accounts import Account, SalesforceAccounts
from kpi_platform_tests.reference.identity import id_key, name_key
from kpi_platform_tests.reference.labels import Labels, read_labels
from kpi_platform_tests.reference.latest_row import latest_rows, unreadable_flag
from kpi_platform_tests.reference.settings import Rules
from kpi_platform_tests.reference.tables import Row, Table, column_key
from kpi_platform_tests.reference.values import (
    choice,
    flag,
    instant,
    leading_digits,
    moment,
    number,
    text,
    there,
    unreadable,
)

_CANCELLED_STATE = 8
_OPEN_STATES = {"new": 1, "in progress": 2, "on hold": 3}
_CANCELLED = frozenset({"canceled", "cancelled"})


@dataclass(frozen=True)
class Incident:
    """One incident that is not deleted and was opened before as_of, or whose opening cannot be read.
    `account` is the key of an account that counts or of a ServiceNow-only one; None where it is nobody's.
    `unreadable` names what is there and cannot be read; that is None."""

    sys_id: str
    account: str | None
    opened_at: int | None
    counts: bool
    unreadable: frozenset[str]
    first_responded_at: int | None
    resolved_at: int | None
    reopened_at: int | None
    taken_back_at: int | None
    business_seconds: Fraction | None
    rating: Fraction | None
    priority: int | None
    escalation: int | None
    reopen_count: Fraction | None
    reassignment_count: Fraction | None
    sla_due: int | None
    made_sla: bool | None
    category: str | None
    synced: int | None


@dataclass(frozen=True)
class ServiceNow:
    """Incidents, the columns that exist in either class table, and the ServiceNow-only accounts by key."""

    incidents: tuple[Incident, ...]
    columns: frozenset[str]
    only_here: Mapping[str, Account]
    synced: bool
    linked: bool
    has: Callable[[str], bool]


def read_servicenow(
    tables: Mapping[str, Table], rules: Rules, accounts: SalesforceAccounts, as_of: int
) -> ServiceNow:
    """Incidents as of `as_of`, linked to accounts."""
    incident, task = tables.get("incident"), tables.get("task")
    columns = _columns(incident) | _columns(task)
    reader = Table(columns, ())
    id_field = rules.field("servicenow", "customer_account_id")
    labels = read_labels(tables.get("sys_choice"))
    link = _Link(
        id_field,
        rules.link_placeholders,
        accounts,
        accounts.by_name(),
        _company_names(tables.get("core_company")),
    )
    merged = _merged(incident, task, rules)
    rows = {
        sys_id: row
        for sys_id, (row, _) in merged.items()
        # "an incident whose opened_at cannot be read exists"
        if _before(instant(row["opened_at"]), as_of) is not None or unreadable(instant, row["opened_at"])
    }
    owners = {sys_id: link.account(row) for sys_id, row in rows.items()}
    children = _children(rows, owners, rules, labels)
    read = [
        (
            row,
            _incident(
                sys_id, row, owners[sys_id], sys_id in children, rules, as_of, labels, merged[sys_id][1]
            ),
        )
        for sys_id, row in rows.items()
    ]
    return ServiceNow(
        incidents=tuple(found for _, found in read),
        columns=columns,
        only_here=_only_here(read, link, rules.field("servicenow", "customer_account_name")),
        # In class tables `opened_at` is the task's: without that table incidents have no time to exist at.
        synced=incident is not None and (incident.has("opened_at") or task is not None),
        linked=reader.has(id_field)
        or reader.has(f"{id_field}_value")
        or (reader.has("company_value") and tables.get("core_company") is not None),
        has=reader.has,
    )


def _columns(table: Table | None) -> frozenset[str]:
    return frozenset() if table is None else table.columns


def _merged(incident: Table | None, task: Table | None, rules: Rules) -> dict[str, tuple[Row, bool]]:
    """ "Left join incident to task on `sys_id`; incident's non-null value wins; deleted on either side is
    deleted." What cannot be read is there. The flag says whether it is unknown if either is deleted."""
    live_tasks = latest_rows(task, "sys_id", text)
    all_tasks = {text(row["sys_id"]) for row in task.rows} if task else set()
    trimmed = _trimmed(rules)
    id_field = rules.field("servicenow", "customer_account_id")
    references = {column_key(id_field), column_key(f"{id_field}_value")}
    merged = {}
    for sys_id, row in latest_rows(incident, "sys_id", text).items():
        if sys_id in all_tasks and sys_id not in live_tasks:
            continue
        own = {
            column: value
            for column, value in row.cells.items()
            if (there(value) if column in trimmed else value is not None)
        }
        # The reference may have two spellings: the incident's, whichever it has, goes before the task's.
        other = references if references & own.keys() else set()
        cells = live_tasks[sys_id].cells if sys_id in live_tasks else {}
        doubtful = unreadable_flag(row) or (sys_id in live_tasks and unreadable_flag(live_tasks[sys_id]))
        both = Row({name: value for name, value in cells.items() if name not in other} | own)
        merged[sys_id] = both, doubtful
    return merged


def _trimmed(rules: Rules) -> frozenset[str]:
    """The columns in which a blank text is NULL."""
    id_field = rules.field("servicenow", "customer_account_id")
    fields = (rules.field("servicenow", name) for name in ("first_responded_at", "satisfaction_rating"))
    return frozenset(
        column_key(name)
        for name in (
            *("opened_at", "resolved_at", "closed_at", "sla_due", "reopen_count", "reassignment_count"),
            *("priority", "escalation", "made_sla", "company_value", "reopened_time", "business_stc"),
            *("state", "incident_state", "parent_incident_value", id_field, f"{id_field}_value", *fields),
        )
    )


def _company_names(company: Table | None) -> dict[str, str | None]:
    return {sys_id: name_key(row["name"]) for sys_id, row in latest_rows(company, "sys_id", text).items()}


def _reference(value: object, placeholders: frozenset[str]) -> str | None:
    """ "compared normalised; such a link is blank"; "to the whole value of the mapped column, then `_value`,
    each by itself; the company is then asked." "Text is trimmed" """
    landed = text(value)
    return None if landed is None or name_key(landed) in placeholders else landed.strip()


@dataclass(frozen=True)
class _Link:
    """ "Per incident: the mapped column, else its `_value` form; blank is NULL, then the company; only to
    accounts that count." """

    id_field: str
    placeholders: frozenset[str]
    accounts: SalesforceAccounts
    accounts_by_name: Mapping[str, str]
    company_names: Mapping[str, str | None]

    def landed_id(self, row: Row) -> str | None:
        mapped, value_form = row[self.id_field], row[f"{self.id_field}_value"]
        return _reference(mapped, self.placeholders) or _reference(value_form, self.placeholders)

    def account(self, row: Row) -> str | None:
        """ "tickets of deleted, merged or other-type accounts are left out" """
        key = id_key(self.landed_id(row))
        if key is None:
            company = self.company_names.get(text(row["company_value"]) or "")
            return self.accounts_by_name.get(company) if company else None
        if key in self.accounts.counting or key not in self.accounts.ever_held:
            return key
        return None


def _incident(
    sys_id: str,
    row: Row,
    account: str | None,
    is_child: bool,
    rules: Rules,
    as_of: int,
    labels: Labels,
    doubtful: bool,
) -> Incident:
    resolved = _resolution(row, rules, as_of)
    responded, rating = (
        row[rules.field("servicenow", name)] for name in ("first_responded_at", "satisfaction_rating")
    )
    cells: dict[str, tuple[Callable[[object], object], object]] = {
        "opened_at": (instant, row["opened_at"]),
        "first_responded_at": (instant, responded),
        "rating": (number, rating),
        "priority": (labels.number("priority"), row["priority"]),
        "escalation": (labels.number("escalation"), row["escalation"]),
        "reopen_count": (number, row["reopen_count"]),
        "sla_due": (instant, row["sla_due"]),
        "made_sla": (flag, row["made_sla"]),
        "business": (_business_seconds, row["business_stc"]),
    }
    cannot = {name for name, (read, value) in cells.items() if unreadable(read, value)} | resolved.unreadable
    return Incident(
        sys_id=sys_id,
        account=account,
        opened_at=instant(row["opened_at"]),
        counts=not _cancelled(row, labels) and not is_child,
        unreadable=frozenset(cannot | ({"flag"} if doubtful else set())),
        first_responded_at=_before(instant(responded), as_of),
        resolved_at=resolved.at,
        reopened_at=resolved.reopened_at,
        taken_back_at=resolved.taken_back_at,
        business_seconds=_business_seconds(row["business_stc"]),
        rating=number(rating),
        priority=labels.number("priority")(row["priority"]),
        escalation=labels.number("escalation")(row["escalation"]),
        reopen_count=number(row["reopen_count"]),
        reassignment_count=number(row["reassignment_count"]),
        sla_due=instant(row["sla_due"]),
        made_sla=flag(row["made_sla"]),
        category=None if row["category"] is None else str(row["category"]),
        synced=moment(row["_fivetran_synced"]),
    )


def _children(
    rows: Mapping[str, Row], owners: Mapping[str, str | None], rules: Rules, labels: Labels
) -> set[str]:
    """The incidents that are left out as children. "a child is left out if its parent exists (opened
    before as_of, not deleted, not cancelled) and is linked to the same account, whether or not the parent is
    left out as a child itself. Such links that form a cycle (also of one) count as no parent for the members
    of the cycle." """
    named = {sys_id: text(row["parent_incident_value"]) for sys_id, row in rows.items()}
    if rules.child_incidents == "include":
        return set()
    if rules.child_incidents == "exclude":
        return {sys_id for sys_id, parent in named.items() if parent is not None}
    parents = {
        sys_id: parent
        for sys_id, parent in named.items()
        if parent in rows and not _cancelled(rows[parent], labels) and not _cancelled(rows[sys_id], labels)
        if owners[sys_id] is not None and owners[sys_id] == owners[parent]
    }
    return {sys_id for sys_id in parents if not _leads_back(sys_id, parents)}


def _leads_back(sys_id: str, parents: Mapping[str, str]) -> bool:
    passed: set[str] = set()
    current = parents.get(sys_id)
    while current is not None and current not in passed:
        if current == sys_id:
            return True
        passed.add(current)
        current = parents.get(current)
    return False


def _business_seconds(value: object) -> Fraction | None:
    """ "More than 87,660 hours of … business_stc … is unreadable" """
    seconds = number(value)
    return seconds if seconds is not None and seconds <= 87_660 * 3600 else None


@dataclass(frozen=True)
class _Resolution:
    """R as `at`, the reopening before as_of, and the R that the state took away. `unreadable` has
    "resolved_at" where R cannot be read, and "reopening" where what ticket_reopen_rate asks for cannot."""

    at: int | None
    reopened_at: int | None = None
    taken_back_at: int | None = None
    unreadable: frozenset[str] = frozenset()


def _resolution(row: Row, rules: Rules, as_of: int) -> _Resolution:
    """ "if `R ≤ reopened_time < as_of`, R is NULL"; "If `as_of ≤ reopened_time`, R stays"; "Column absent or
    NULL: R is NULL where the state … is 1, 2 or 3"; "reopened_time < R: resolved again, R stays, whatever the
    state."; "In a coalesce … the first value that is there decides: if it cannot be read, neither can the
    result. R also needs reopened_time under `open_again`." """
    landed = row["resolved_at"] if there(row["resolved_at"]) else row["closed_at"]
    resolved, lost = _before(instant(landed), as_of), unreadable(instant, landed)
    neither = frozenset({"resolved_at", "reopening"})
    if not rules.opens_again:
        return _Resolution(resolved, unreadable=neither if lost else frozenset())
    if unreadable(instant, row["reopened_time"]):
        # What was never resolved was not, whenever it was reopened.
        if lost or resolved is not None:
            return _Resolution(None, unreadable=neither)
        return _Resolution(None, unreadable=frozenset({"reopening"}))
    when = instant(row["reopened_time"])
    if when is None and _state(row) in (1, 2, 3):
        return _Resolution(None, None, resolved, frozenset({"reopening"} if lost else ()))
    reopened = _before(when, as_of)
    if lost:
        return _Resolution(
            None, reopened, unreadable=neither if reopened is None else neither - {"reopening"}
        )
    if resolved is not None and reopened is not None and resolved <= reopened:
        return _Resolution(None, reopened)
    return _Resolution(resolved, reopened)


def _state(row: Row) -> int | None:
    """ "The texts New, In Progress, On Hold (any case) are 1, 2, 3; `state` decides where it is not NULL,
    else `incident_state`." """
    state = row["state"] if text(row["state"]) is not None else row["incident_state"]
    return _OPEN_STATES.get(choice(state) or "", leading_digits(state))


def _before(time: int | None, as_of: int) -> int | None:
    """ "A later timestamp at or after `as_of` (R after the coalesce, first response, `end_time`) reads as
    NULL." """
    return time if time is not None and time < as_of else None


def _cancelled(row: Row, labels: Labels) -> bool:
    """ "cancelled (state 8, or state text `Canceled`/`Cancelled`)"; "`state` or `incident_state`"; "Where a
    label is found it alone decides" """
    for column in ("state", "incident_state"):
        label = labels.label(column, row[column])
        if label is not None:
            cancelled = label in _CANCELLED
        else:
            cancelled = leading_digits(row[column]) == _CANCELLED_STATE or choice(row[column]) in _CANCELLED
        if cancelled:
            return True
    return False


def _only_here(read: list[tuple[Row, Incident]], link: _Link, name_field: str) -> dict[str, Account]:
    """ServiceNow-only accounts: "of a ServiceNow-only account, the longest landed form" is its id; it "is
    named by its newest incident that has a name"."""
    forms: dict[str, set[str]] = {}
    named: dict[str, tuple[int, str, str]] = {}
    for row, incident in read:
        key, landed = incident.account, link.landed_id(row)
        if key is None or key in link.accounts.counting or landed is None:
            continue
        forms.setdefault(key, set()).add(landed)
        name = text(row[name_field])
        if name is not None:
            candidate = (incident.opened_at or 0, incident.sys_id, name)
            named[key] = max(candidate, named.get(key, candidate))
    return {
        key: Account(
            key=key,
            account_id=max(landed, key=lambda form: (len(form), form)),
            name=named[key][2] if key in named else None,
            row=None,
        )
        for key, landed in forms.items()
    }
