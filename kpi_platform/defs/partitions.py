"""The one partitioning of everything: by customer."""

import warnings
from collections.abc import Sequence

import dagster as dg
from sqlalchemy.exc import IntegrityError

from kpi_platform.domain.runs import CUSTOMERS_PER_RUN

CUSTOMERS_NAME = "customers"

CUSTOMERS = dg.DynamicPartitionsDefinition(name=CUSTOMERS_NAME)
"""Kept in step with the customers table by a sensor."""

# Backfill policies count as beta; they do here what decision 0005 needs of them.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

BATCH_POLICY = dg.BackfillPolicy.multi_run(max_partitions_per_run=CUSTOMERS_PER_RUN)

OWNERS = ["team:data-engineering"]


def add_partitions(instance: dg.DagsterInstance, customers: Sequence[str]) -> None:
    """Makes `customers` known to Dagster, those that it knows already included."""
    try:
        instance.add_dynamic_partitions(CUSTOMERS_NAME, customers)
    except IntegrityError:
        # Another process has just added one of them; now it is there to be seen.
        instance.add_dynamic_partitions(CUSTOMERS_NAME, customers)
