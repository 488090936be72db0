"""The one partitioning of everything: by customer."""

import warnings

import dagster as dg

CUSTOMERS_NAME = "customers"

CUSTOMERS = dg.DynamicPartitionsDefinition(name=CUSTOMERS_NAME)
"""Kept in step with the customers table by a sensor."""

# Backfill policies count as beta; they do here what decision 0005 needs of them.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

BATCH_POLICY = dg.BackfillPolicy.multi_run(max_partitions_per_run=200)
"""A backfill takes so many customers in one run."""

OWNERS = ["team:data-engineering"]
