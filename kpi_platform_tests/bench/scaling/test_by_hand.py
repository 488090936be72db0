"""The script by hand is a fair alternative only while it gives what dbt gives."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from kpi_platform.adapters.dbt import DbtProject
from kpi_platform.configuration import Configuration
from kpi_platform.pipeline.batch import batches_of, read_inputs
from kpi_platform_tests.bench.refresh import CUSTOMER, installation
from kpi_platform_tests.bench.scale import AS_OF, dashboard_of
from kpi_platform_tests.bench.scaling.by_hand import compute_by_hand, differences, mart_rows
from kpi_platform_tests.bench.scaling.data import Rows

_ODD_ROWS = Path(__file__).parent / "odd_rows.sql"


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Path]:
    """The marts of a small customer by dbt and by hand."""
    with installation(Rows(200, 2_000, 20_000, 10_000, 4_000, 40_000)) as environment:
        configuration = Configuration.from_environment(environment)
        with duckdb.connect(str(configuration.warehouse_file)) as connection:
            connection.execute(_ODD_ROWS.read_text())
        with dashboard_of(configuration) as engine:
            inputs, _ = read_inputs(configuration, engine, [CUSTOMER])
        (batch,) = batches_of(inputs, AS_OF)
        nodes = DbtProject(configuration, batch.destination).build("run", batch.vars())
        assert {node.status for node in nodes} == {"success"}
        compute_by_hand(configuration.warehouse_file, AS_OF)
        yield configuration.warehouse_file


def test_the_script_by_hand_gives_every_mart_that_dbt_gives(warehouse: Path) -> None:
    assert differences(warehouse) == []
    rows = mart_rows(warehouse)
    # No address of a contact is landed, no parent of an incident, and no term of a contract.
    empty = {mart for mart, count in rows.items() if not count}
    revenue = {"recurring_revenue_lines", "revenue_retention", "revenue_terms"}
    assert empty == {"account_email_domains", "servicenow_children"} | revenue


def test_a_difference_is_told_by_mart_and_column_with_an_example(warehouse: Path, tmp_path: Path) -> None:
    changed = Path(shutil.copy(warehouse, tmp_path))
    with duckdb.connect(str(changed)) as connection:
        connection.execute("update handwritten.kpi_values set value = value * 1.00001 where kpi = 'csat'")
        connection.execute("delete from handwritten.kpi_left_out where kpi = 'csat'")
        connection.execute("alter table handwritten.kpi_daily drop as_of_date")
    told = "\n".join(differences(changed))
    assert "kpi_values.value differs in" in told
    assert "'kpi': csat" in told
    assert "kpi_left_out.left_out_reason differs in" in told
    assert "kpi_daily: only dbt has, or only the script: as_of_date DATE" in told
    assert "kpi_accounts" not in told
