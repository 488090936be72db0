"""What a platform with two more KPIs, a column of the account and a setting shows of them, as JSON.

Runs on a copy of the project: `python look_at_kpis.py COPY HOME`.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any


def main(copy: str, home: str) -> dict[str, Any]:
    sys.path.insert(0, copy)
    os.environ["KPI_PLATFORM_HOME"] = home
    from kpi_platform_tests.dbt_project import kpi_catalogue, made_parts

    # What `make reference` does of it.
    kpi_catalogue.FILE.write_text(kpi_catalogue.text())
    for file in made_parts.FILES:
        file.write_text(made_parts.text(file), encoding="utf-8")
    import yaml
    from typer.testing import CliRunner

    from kpi_platform.cli.main import app

    run = CliRunner().invoke(app, ["demo", "--no-history"])
    assert run.exit_code == 0, run.output
    from kpi_platform.adapters.duckdb_file import connect
    from kpi_platform.configuration import Configuration

    with connect(Configuration.from_environment().warehouse_file, read_only=True) as warehouse:
        values = warehouse.execute(
            "select kpi, status, count(*), min(value), max(value) from kpi.kpi_values"
            " where kpi in ('deal_size', 'reassignment_rate') group by kpi, status order by kpi, status"
        ).fetchall()
        wide = warehouse.execute(
            "select count(deal_size), count(reassignment_rate_percent) from kpi.kpi_integrated_metrics"
        ).fetchone()
        account = warehouse.execute(
            "select account_id from kpi.kpi_values where kpi = 'reassignment_rate' and value is not null"
            " and customer_id = 'northwind' order by account_id limit 1"
        ).fetchone()
        columns = warehouse.execute("describe kpi.kpi_integrated_metrics").fetchall()
    assert account is not None
    from kpi_platform.dashboard.account_reading import AccountFilter, find_accounts
    from kpi_platform.dashboard.database import open_engine
    from kpi_platform.web.schemas.accounts import AccountAnswer

    with open_engine(Configuration.from_environment().dashboard_database_url).connect() as connection:
        [shown] = find_accounts(connection, "northwind", AccountFilter(), limit=1).accounts
    explained = CliRunner().invoke(app, ["explain", "northwind", account[0], "reassignment_rate"])
    scores = [_scores()]
    file = Path(home) / "northwind.yaml"
    CliRunner().invoke(app, ["settings", "export", "northwind", str(file)])
    document = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**document, "health_score": {"least_coverage": 1.0}}))
    CliRunner().invoke(app, ["settings", "import", "northwind", str(file), "--no-apply"])
    run = CliRunner().invoke(app, ["run", "northwind", "--skip-sync"])
    assert run.exit_code == 0, run.output
    scores.append(_scores())
    return {
        "values": values,
        "scores": scores,
        "wide": wide,
        "explained": explained.output,
        "account": [name for name in ("phone",) if hasattr(shown.account, name)],
        "mart": [name for name, *_ in columns],
        "answer": list(AccountAnswer.model_fields),
    }


def _scores() -> int:
    """How many accounts of northwind have a health score."""
    from kpi_platform.adapters.duckdb_file import connect
    from kpi_platform.configuration import Configuration

    with connect(Configuration.from_environment().warehouse_file, read_only=True) as warehouse:
        found = warehouse.execute(
            "select count(health_score) from kpi.account_health_score where customer_id = 'northwind'"
        ).fetchone()
    return int(found[0]) if found else 0


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:]), default=str))
