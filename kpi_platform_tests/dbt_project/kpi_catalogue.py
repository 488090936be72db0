"""Makes dbt/macros/batch/kpi_catalogue.sql, through which the models know the KPIs: `make reference`."""

from kpi_platform.adapters.dbt import project_directory
from kpi_platform.domain.kpis import KPIS

FILE = project_directory() / "macros" / "batch" / "kpi_catalogue.sql"


def text() -> str:
    """The macro: a dictionary for each KPI."""
    rows = [
        f"        {{'slug': '{kpi.slug}', 'source': '{kpi.source}', 'column': '{kpi.column}'}},"
        for kpi in KPIS.values()
    ]
    return "\n".join(
        [
            "{% macro kpi_catalogue() %}",
            "    {#- Made of domain/kpis.py by `make reference`. -#}",
            "    {{- return([",
            *rows,
            "    ]) -}}",
            "{% endmacro %}",
            "",
        ]
    )


if __name__ == "__main__":
    FILE.write_text(text())
