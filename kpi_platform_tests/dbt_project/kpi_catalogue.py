"""Makes dbt/macros/batch/kpi_catalogue.sql, the catalogues of `domain/` for the models: `make reference`."""

from collections.abc import Mapping, Sequence

from kpi_platform.adapters.dbt import project_directory
from kpi_platform.domain.account_columns import ACCOUNT_COLUMNS
from kpi_platform.domain.batch_rows import Column
from kpi_platform.domain.health import HEALTH_INPUTS
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.sources import SOURCE_SYSTEMS
from kpi_platform_tests.dbt_project.batch_columns import CUSTOMER_COLUMNS, KPI_SETTING_COLUMNS

FILE = project_directory() / "macros" / "batch" / "kpi_catalogue.sql"


def text() -> str:
    """The macros: each returns the entries of a catalogue."""
    kpis = [
        {"slug": kpi.slug, "source": kpi.source, "column": kpi.column, "summed": kpi.summed}
        for kpi in KPIS.values()
    ]
    sources = [
        {"name": one.name, "known_account": one.known_account, "lists_accounts": one.lists_accounts}
        for one in SOURCE_SYSTEMS.values()
    ]
    inputs = [
        {
            "name": one.name,
            "category": one.category,
            "weight": one.weight,
            "curve": [list(at) for at in one.curve],
        }
        for one in HEALTH_INPUTS
    ]
    columns = [
        {"name": one.name, "type": one.type, "table": one.table, "landed": one.landed}
        for one in ACCOUNT_COLUMNS
    ]
    return "\n\n".join(
        (
            _macro("kpi_catalogue", "domain/kpis.py", kpis),
            _macro("source_catalogue", "domain/sources.py", sources),
            _macro("account_column_catalogue", "domain/account_columns.py", columns),
            _macro("health_catalogue", "domain/health.py", inputs),
            _types("customer_columns", CUSTOMER_COLUMNS),
            _types("kpi_setting_columns", KPI_SETTING_COLUMNS),
        )
    )


def _macro(name: str, file: str, rows: Sequence[Mapping[str, object]]) -> str:
    lines = [f"{{{', '.join(f'{key!r}: {_literal(value)}' for key, value in row.items())}}}," for row in rows]
    return _made(name, file, "[", lines, "]")


def _types(name: str, columns: Mapping[str, Column]) -> str:
    """The macro that returns the columns of a model with their types."""
    lines = [f"{name!r}: {column.type!r}," for name, column in columns.items()]
    return _made(name, "domain/batch_rows.py", "{", lines, "}")


def _made(name: str, file: str, opening: str, lines: Sequence[str], closing: str) -> str:
    return "\n".join(
        [
            f"{{% macro {name}() %}}",
            f"    {{#- Made of {file} by `make reference`. -#}}",
            f"    {{{{- return({opening}",
            *(f"        {line}" for line in lines),
            f"    {closing}) -}}}}",
            "{% endmacro %}",
            "",
        ]
    )


def _literal(value: object) -> str:
    """In Jinja's words."""
    words = {True: "true", False: "false", None: "none"}
    return repr(value) if isinstance(value, list) else words.get(value, repr(value))  # type: ignore[call-overload]


if __name__ == "__main__":
    FILE.write_text(text())
