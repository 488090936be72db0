"""The support of one account."""

from datetime import datetime

from pydantic import Field

from kpi_platform.web.schemas.answers import Answer


class SlaBreachesAnswer(Answer):
    """Counting incidents of one category opened in the last 30 days; what breached, by the SLA source in
    force."""

    category: str | None = Field(description="Null: incidents without a category.")
    total_tickets: int
    tickets_with_sla: int | None = Field(description="Null without an SLA source.")
    sla_breaches: int | None
    breach_rate: float | None = Field(description="Percent of total_tickets.")
    breach_rate_of_sla: float | None = Field(description="Percent of tickets_with_sla.")
    avg_breach_hours: float | None = Field(description="Mean hours from the due time to the end, or to now.")
    routing_issues: int | None = Field(description="Reassigned more than twice.")
    complex_issues: int | None = Field(description="Escalated.")
    critical_breaches: int | None = Field(description="Breaches of priority 1.")


class SupportMetricsAnswer(Answer):
    """The last 90 days; whatever was not measured is null."""

    total_tickets: float | None
    critical_tickets: float | None
    sla_compliance_percent: float | None
    avg_first_response_hours: float | None
    avg_resolution_hours: float | None = Field(description="In the unit that resolution_unit says.")
    avg_satisfaction: float | None
    reopen_rate_percent: float | None
    escalation_rate_percent: float | None
    tickets_last_7_days: float | None
    tickets_prior_7_days: float | None


class SupportAnswer(Answer):
    """The figures beside the KPIs: rates in their windows, the last 90 days, and breaches by category."""

    as_of: datetime | None = Field(description="Null if no load brought anything of this account.")
    resolution_unit: str = Field(
        description="What times to the resolution count: hours, business hours or SLA hours.",
        examples=["business hours"],
    )
    resolution_formula: str = Field(description="How resolution_time is measured for this customer.")
    escalation_rate: float | None = Field(description="Percent, in the window of support_ticket_volume.")
    ticket_reopen_rate: float | None = Field(description="Percent, in the window of resolution_time.")
    critical_issues_count: float | None
    resolution_time_median_hours: float | None
    resolution_time_p90_hours: float | None
    last_90_days: SupportMetricsAnswer
    sla_breaches: list[SlaBreachesAnswer]
