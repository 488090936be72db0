"""Deterministic sample sources for three customers. ATTRIBUTION.md says which parts are real."""

from kpi_platform.local.samples.dashboard import DashboardAccount, dashboard_accounts
from kpi_platform.local.samples.profiles import SAMPLE_CUSTOMERS, SampleCustomer

__all__ = ["SAMPLE_CUSTOMERS", "DashboardAccount", "SampleCustomer", "dashboard_accounts"]
