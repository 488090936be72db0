"""The one partitioning of everything: by customer."""

import dagster as dg

CUSTOMERS_NAME = "customers"

CUSTOMERS = dg.DynamicPartitionsDefinition(name=CUSTOMERS_NAME)
"""Kept in step with the customers table by a sensor."""
