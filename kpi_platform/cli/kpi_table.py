"""A load as a table for the terminal: one line a KPI, over all accounts of a customer."""

from statistics import median

import sqlalchemy as sa

from kpi_platform.cli.output import print_table
from kpi_platform.dashboard.customers import get_customer
from kpi_platform.dashboard.tables import account_health, accounts, kpi_definitions, kpis
from kpi_platform.domain.kpis import Band, KpiStatus, Thresholds, is_too_few

_BANDS: tuple[Band, ...] = ("healthy", "between", "at_risk")
_REASONS = {
    KpiStatus.NO_DATA: "no data",
    KpiStatus.UNREADABLE: "unreadable",
    KpiStatus.NOT_MAPPED: "not mapped",
    KpiStatus.NOT_SYNCED: "not synced",
    KpiStatus.OUT_OF_RANGE: "out of range",
    KpiStatus.DISABLED: "disabled",
}


def print_customer(connection: sa.Connection, key: str) -> None:
    """Prints the customer's KPIs and health as the dashboard has them now."""
    customer = get_customer(connection, key)
    definitions = connection.execute(
        sa.select(kpi_definitions)
        .where(kpi_definitions.c.customer_id == customer.id)
        .order_by(kpi_definitions.c.position)
    ).all()
    scores = list(
        connection.scalars(
            sa.select(account_health.c.health_score).where(
                account_health.c.customer_id == customer.id, account_health.c.retired_at.is_(None)
            )
        )
    )
    known = [score for score in scores if score is not None]
    count = connection.scalar(
        sa.select(sa.func.count()).where(
            accounts.c.customer_id == customer.id, accounts.c.retired_at.is_(None)
        )
    )
    health = f"median health {median(known):.0f}" if known else "no health score"
    print_table(
        f"{customer.name} ({key}): {count} accounts, {health}",
        ("KPI", "median", "unit", "healthy", "between", "at risk", "without a value"),
        [_line(connection, definition) for definition in definitions],
        right=("median", "healthy", "between", "at risk"),
        styles=("", "", "", "green", "", "red"),
    )


def _line(connection: sa.Connection, definition: sa.Row) -> list[str]:  # type: ignore[type-arg]
    rows = connection.execute(
        sa.select(kpis.c.value, kpis.c.status, kpis.c.sample_size).where(
            kpis.c.customer_id == definition.customer_id,
            kpis.c.kpi == definition.kpi,
            kpis.c.retired_at.is_(None),
        )
    ).all()
    values = [row.value for row in rows if row.value is not None]
    thresholds = Thresholds(definition.healthy, definition.at_risk)
    bands = [
        thresholds.band(row.value, definition.direction)
        for row in rows
        if row.value is not None and not is_too_few(row.sample_size, definition.min_sample)
    ]
    missing = [KpiStatus(row.status) for row in rows if row.value is None]
    reasons = ", ".join(
        f"{missing.count(status)} {text}" for status, text in _REASONS.items() if status in missing
    )
    return [
        definition.display_name,
        f"{median(values):,.1f}" if values else "–",
        definition.unit,
        *(str(bands.count(band)) if bands else "–" for band in _BANDS),
        reasons,
    ]
