"""Plans the batches of customers that all have a destination."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.pipeline.batch import Batch, batches_of, read_inputs


def plan_batches(
    configuration: Configuration, engine: sa.Engine, customers: Sequence[str], as_of: datetime
) -> list[Batch]:
    """The batches, one a destination, in the order of the customers. Raises the error of the first customer
    that has no destination."""
    inputs, failed = read_inputs(configuration, engine, customers)
    for error in failed.values():
        raise error
    return batches_of(inputs, as_of)
