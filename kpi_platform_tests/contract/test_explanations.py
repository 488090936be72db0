"""Explanations against the values: each KPI has its rows, though only what it needs is compiled."""

import pytest

from kpi_platform.domain.kpis import KPIS
from kpi_platform.pipeline.explain import explain
from kpi_platform_tests.contract.customers import four_customers
from kpi_platform_tests.contract.dirty_rows import AS_OFS
from kpi_platform_tests.contract.platform import Platform

OF_ROWS = [kpi for kpi in KPIS if kpi not in ("churn_risk", "gross_revenue_retention")]
"""A computed churn risk is made of factors; gross retention is explained by lines, and none has any here."""


def test_every_kpi_is_explained_by_the_rows_that_its_value_is_made_of(platform: Platform) -> None:
    customers = four_customers("explained")
    platform.adopt(customers)
    made = platform.compute(customers, AS_OFS[0])
    for kpi in OF_ROWS:
        values = [row for one in customers for row in made[one.key]["kpi_values"] if row["kpi"] == kpi]
        row = next(row for row in values if row["sample_size"] and row["numerator"] is not None)
        customer, account = str(row["customer_id"]), str(row["account_id"])
        found = explain(platform.configuration, platform.engine, customer, account, kpi)
        counted = [one.numerator or 0 for one in found.rows if one.left_out_reason is None]
        assert (kpi, found.counted) == (kpi, row["sample_size"])
        assert (kpi, sum(counted)) == (kpi, pytest.approx(row["numerator"]))
