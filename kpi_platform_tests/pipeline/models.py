"""The marts without the data tests of a build: half the time, for tests that compare the rows themselves."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.configuration import Configuration
from kpi_platform.pipeline.batch import batches_of, read_inputs


def run_models(
    configuration: Configuration, engine: sa.Engine, customers: Sequence[str], as_of: datetime
) -> list[str]:
    """Computes `customers` of one destination, none of whom may fail: the names of the marts."""
    inputs, failed = read_inputs(configuration, engine, customers)
    assert not failed
    (batch,) = batches_of(inputs, as_of)
    assert not batch.left_out
    results = DbtProject(configuration, batch.destination).build("run", batch.vars() | {"run_id": None})
    assert [result for result in results if result.status != "success"] == []
    return [result.name for result in results]
