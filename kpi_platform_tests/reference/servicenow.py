# Long: the KPIs, the rates and the two support marts of one account.
"""The measures of each account in ServiceNow: the five KPIs, the rates and the two support marts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from kpi_platform_tests.reference import measure
from kpi_platform_tests.reference.incidents import Incident, ServiceNow
from kpi_platform_tests.reference.measure import Found, too_many
from kpi_platform_tests.reference.resolution_time import TEN_YEARS, ResolutionTime
from kpi_platform_tests.reference.settings import Rules
from kpi_platform_tests.reference.sla import Sla
from kpi_platform_tests.reference.values import DAY, HOUR

MartRow = dict[str, object]


@dataclass(frozen=True)
class Support:
    """The counting incidents of one account. `seen`: "any non-deleted incident opened before `as_of`,
    cancelled and child ones too"."""

    seen: bool
    incidents: Sequence[Incident]
    sla: Sla
    time: ResolutionTime
    as_of: int

    def within(self, moment: int | None, days: int, ago: int = 0) -> bool:
        end = self.as_of - ago * DAY
        return moment is not None and end - days * DAY <= moment < end

    def _at(self, time: str, days: int, *needed: str, ago: int = 0) -> tuple[list[Incident], int]:
        """The incidents whose event time is in the window and that can be read, and u: rows "(a) whose event
        time cannot be read, whatever the window, or (b) whose event time is in the window and another needed
        column cannot be read"."""
        found, u = [], 0
        for incident in self.incidents:
            if time in incident.unreadable:
                u += 1
            elif self.within(getattr(incident, time), days, ago):
                if incident.unreadable & {*needed, "flag"}:
                    u += 1
                else:
                    found.append(incident)
        return found, u

    def opened(self, days: int, *needed: str, ago: int = 0) -> tuple[list[Incident], int]:
        return self._at("opened_at", days, *needed, ago=ago)

    def resolved(self, days: int, *needed: str) -> tuple[list[Incident], int]:
        return self._at("resolved_at", days, *needed)

    def volume(self, days: int) -> Found:
        """ "An account never seen in ServiceNow … has `no_data`"; "one that was seen, but has no counting
        incident in the window, has a support_ticket_volume of 0" """
        opened, u = self.opened(days)
        return measure.count(len(opened)).with_unreadable(u) if self.seen else measure.field(None)

    def ticket_rate(self, days: int, users: Fraction | None) -> Found:
        """ "100 · n / total_users · 30 / window_days"; "numerator n, denominator total_users, sample_size n;
        status follows support_ticket_volume, then `no_data` where total_users is unknown or ≤ 0" """
        found = self.volume(days)
        n = found.numerator
        if n is None:
            return found
        rate = 100 * n / users * 30 / days if users is not None and users > 0 else None
        return replace(found, value=rate, denominator=users)

    def sla_compliance(self, days: int) -> Found:
        """ "`100·met/(met+breached)`"; "SLA: met, met + breached, met + breached." """
        decisions, u = [], 0
        for incident in self.incidents:
            found, cannot = self.sla.decisions(incident, self.as_of - days * DAY, self.as_of)
            decisions += found
            u += cannot
        whole = Fraction(len(decisions))
        return measure.percent(Fraction(sum(decisions)), whole, len(decisions)).with_unreadable(u)

    def first_response(self, days: int) -> Found:
        """ "mean hours `first_responded_at − opened_at` over incidents first responded to in the window;
        negative ones are left out" """
        answered, u = self._at("first_responded_at", days, "opened_at")
        lengths = [_length(incident.opened_at, incident.first_responded_at) for incident in answered]
        too_long = sum(length > TEN_YEARS for length in lengths)
        found = _hours(length for length in lengths if length <= TEN_YEARS)
        return measure.mean(found).with_unreadable(u + too_long)

    def resolution_hours(self, days: int) -> tuple[list[Fraction], int]:
        """ "hours `R − opened_at` with R = `coalesce(resolved_at, closed_at)` in the window; negatives left
        out", or by another time basis; and u"""
        resolved, u = self.resolved(days, *self.time.needs)
        times = [
            self.time.microseconds(incident) for incident in resolved if not self.time.is_unreadable(incident)
        ]
        u += sum(map(self.time.is_unreadable, resolved))
        return [length / HOUR for length in times if length is not None], u

    def resolution(self, days: int) -> Found:
        hours, u = self.resolution_hours(days)
        return measure.mean(hours).with_unreadable(u)

    def satisfaction(self, days: int, rules: Rules) -> Found:
        """ "mean of the incident field mapped as `satisfaction_rating`, incidents resolved (R) in the
        window" """
        rated = [one for one in self.incidents if one.rating is not None or "rating" in one.unreadable]
        resolved, u = replace(self, incidents=rated).resolved(days, "rating")
        ratings = [one.rating for one in resolved if one.rating is not None]
        kpi = "support_satisfaction"
        found = measure.mean_rating(ratings, rules.scale(kpi), rules.max_outside(kpi))
        return found.with_unreadable(u)


def _length(start: int | None, end: int | None) -> int:
    assert start is not None
    assert end is not None
    return end - start


def _hours(microseconds: Iterable[int]) -> list[Fraction]:
    return [Fraction(length, HOUR) for length in microseconds if length >= 0]


def barriers(servicenow: ServiceNow, support: Support, rules: Rules, kpi: str) -> set[str]:
    """Why no account can have the KPI."""
    found = set() if rules.kpi_enabled(kpi) else {"disabled"}
    if not servicenow.synced:
        return found | {"not_synced"}
    resolution = servicenow.has("resolved_at") or servicenow.has("closed_at")
    fields = {
        "support_ticket_volume": True,
        "support_ticket_rate": True,
        "sla_compliance": True,
        "first_response_time": servicenow.has(rules.field("servicenow", "first_responded_at")),
        "resolution_time": resolution,
        "support_satisfaction": resolution
        and servicenow.has(rules.field("servicenow", "satisfaction_rating")),
    }
    if not (servicenow.linked and servicenow.has("opened_at") and fields[kpi]):
        found.add("not_mapped")
    if kpi == "sla_compliance" and support.sla.barrier is not None:
        found.add(support.sla.barrier)
    if kpi == "resolution_time" and support.time.barrier is not None:
        found.add(support.time.barrier)
    return found


def find(support: Support, rules: Rules, kpi: str, users: Fraction | None) -> Found:
    """`users` are the total users of the account; None if they are not known."""
    days = rules.window_days(kpi)
    if kpi == "support_ticket_volume":
        return support.volume(days)
    if kpi == "support_ticket_rate":
        return support.ticket_rate(days, users)
    if kpi == "sla_compliance":
        return support.sla_compliance(days)
    if kpi == "first_response_time":
        return support.first_response(days)
    if kpi == "resolution_time":
        return support.resolution(days)
    assert kpi == "support_satisfaction"
    return support.satisfaction(days, rules)


Has = Callable[[str], bool]


def _rate(
    incidents: tuple[Sequence[Incident], int], holds: Callable[[Incident], bool], exists: bool
) -> Fraction | None:
    """ "a NULL flag means no; no rows, or no column: NULL."; "NULL where u > 5 % of its (u + n)" """
    found, u = incidents
    if not found or not exists or too_many(u, len(found)):
        return None
    return Fraction(100 * sum(map(holds, found)), len(found))


def _escalated(incident: Incident) -> bool:
    return (incident.escalation or 0) > 0


def _reopened(incident: Incident) -> bool:
    return (incident.reopen_count or 0) > 0


def _critical(incident: Incident) -> bool:
    return incident.priority == 1


def _reopen_rate(support: Support, days: int, rules: Rules, has: Has) -> Fraction | None:
    """ "D = incidents with R in the window, or with reopened_time in it, or (reopened_time absent or NULL, R
    taken away by the state) with the R that was taken away in it; N = those of D with reopen_count > 0 or
    reopened_time in the window or R taken away. NULL where neither column is there, or D is empty." """

    def reopened_now(incident: Incident) -> bool:
        return support.within(incident.reopened_at, days)

    judged, u = [], 0
    for incident in support.incidents:
        times = (incident.resolved_at, incident.reopened_at, incident.taken_back_at)
        if "reopening" in incident.unreadable:
            u += 1
        elif any(support.within(time, days) for time in times):
            if incident.unreadable & {"reopen_count", "flag"}:
                u += 1
            else:
                judged.append(incident)
    return _rate(
        (judged, u),
        lambda incident: _reopened(incident) or reopened_now(incident) or incident.taken_back_at is not None,
        has("reopen_count") or (rules.opens_again and has("reopened_time")),
    )


def rates(support: Support, rules: Rules, has: Has) -> MartRow:
    """ "escalation_rate and critical_issues_count use the window of support_ticket_volume,
    ticket_reopen_rate that of resolution_time" """
    days = rules.window_days("support_ticket_volume")
    opened, _ = support.opened(days, "priority")
    volume = support.volume(days)
    # "is 0 where support_ticket_volume is a measured 0 and a priority column exists"; "NULL where volume is
    # unreadable."
    counts = support.seen and has("priority")
    if rules.kpi_enabled("support_ticket_volume"):
        counts = counts and not too_many(volume.unreadable, volume.sample_size)
    return {
        "escalation_rate": _rate(support.opened(days, "escalation"), _escalated, has("escalation")),
        "ticket_reopen_rate": _reopen_rate(support, rules.window_days("resolution_time"), rules, has),
        "critical_issues_count": sum(map(_critical, opened)) if counts else None,
    }


def spread(support: Support, rules: Rules) -> MartRow:
    """ "`resolution_time_median_hours`, `resolution_time_p90_hours`" """
    hours, _ = support.resolution_hours(rules.window_days("resolution_time"))
    return {
        "resolution_time_median_hours": measure.percentile(hours, Fraction(1, 2)),
        "resolution_time_p90_hours": measure.percentile(hours, Fraction(9, 10)),
    }


def support_metrics(support: Support, rules: Rules, has: Has) -> MartRow | None:
    """ "One row per account with a counting incident; its windows ignore `window_days`." """
    if not support.incidents:
        return None
    opened, _ = support.opened(90)
    satisfaction = support.satisfaction(90, rules)
    return {
        "total_tickets": len(opened),
        "critical_tickets": sum(map(_critical, opened)) if has("priority") else None,
        "sla_compliance_percent": None if support.sla.barrier else _readable(support.sla_compliance(90)),
        "avg_first_response_hours": _readable(support.first_response(90)),
        "avg_resolution_hours": _readable(support.resolution(90)),
        # "NULL … (avg_satisfaction) where the KPI would be out_of_range"
        "avg_satisfaction": None if satisfaction.off_scale else _readable(satisfaction),
        "reopen_rate_percent": _reopen_rate(support, 90, rules, has),
        "escalation_rate_percent": _rate(support.opened(90, "escalation"), _escalated, has("escalation")),
        "tickets_last_7_days": len(support.opened(7)[0]),
        "tickets_prior_7_days": len(support.opened(7, ago=7)[0]),
    }


def _readable(found: Found) -> Fraction | None:
    """ "A rate, mean, median or percentile … is NULL where u > 5 % of its (u + n)" """
    return None if too_many(found.unreadable, found.sample_size) else found.value


def sla_breaches(support: Support, has: Has) -> list[MartRow]:
    """30 days by opened_at, a row for each category; "A NULL category is a row." """
    opened, _ = support.opened(30)
    in_force = support.sla.source is not None and support.sla.barrier is None
    rows: list[MartRow] = []
    for category in {incident.category for incident in opened}:
        tickets = [incident for incident in opened if incident.category == category]
        outcomes = {ticket.sys_id: support.sla.breach(ticket) for ticket in tickets}
        breached = {sys_id: length for sys_id, (is_breach, length) in outcomes.items() if is_breach}
        with_sla = sum(map(support.sla.has_sla, tickets))
        lengths = [Fraction(length, HOUR) for length in breached.values() if length is not None]
        rows.append(
            {
                "category": category,
                "total_tickets": len(tickets),
                "tickets_with_sla": with_sla if in_force else None,
                "sla_breaches": len(breached) if in_force else None,
                "breach_rate": Fraction(100 * len(breached), len(tickets)) if in_force else None,
                # "breach_rate_of_sla NULL where 0; both NULL without a source."
                "breach_rate_of_sla": Fraction(100 * len(breached), with_sla)
                if in_force and with_sla
                else None,
                "avg_breach_hours": measure.mean(lengths).value,
                "routing_issues": sum((t.reassignment_count or 0) > 2 for t in tickets)
                if has("reassignment_count")
                else None,
                "complex_issues": sum(map(_escalated, tickets)) if has("escalation") else None,
                "critical_breaches": sum(t.sys_id in breached and _critical(t) for t in tickets)
                if in_force and has("priority")
                else None,
            }
        )
    return rows


def by_account(servicenow: ServiceNow, nobody: Support) -> Mapping[str, Support]:
    """Every account that was seen, with its counting incidents; `nobody` is an account that was not."""
    incidents: dict[str, list[Incident]] = {}
    for incident in servicenow.incidents:
        if incident.account is not None:
            counting = incidents.setdefault(incident.account, [])
            if incident.counts:
                counting.append(incident)
    return {
        account: replace(nobody, seen=True, incidents=counting) for account, counting in incidents.items()
    }
