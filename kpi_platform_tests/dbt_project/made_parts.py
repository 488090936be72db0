"""Makes the parts of the models' .yml files that say what the catalogues of `domain/` say: `make reference`.

A part stands between two comments, `# made by make reference: NAME` and `# end of NAME`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from kpi_platform.adapters.dbt import project_directory
from kpi_platform.domain.account_columns import ACCOUNT_COLUMNS
from kpi_platform.domain.kpis import KPIS
from kpi_platform.domain.sources import SOURCES
from kpi_platform_tests.dbt_project.batch_columns import CUSTOMER_COLUMNS, KPI_SETTING_COLUMNS

FILES = tuple(sorted((project_directory() / "models").rglob("*.yml")))
_PART = re.compile("( *)# made by make reference: (.*)\n(?:.*\n)*?( *# end of \\2\n)")


def text(file: Path) -> str:
    """The file's text with its parts made anew."""
    parts = _parts()
    return _PART.sub(
        lambda found: (
            f"{found[1]}# made by make reference: {found[2]}\n"
            + "".join(f"{found[1]}{line}\n" for line in parts[found[2]])
            + found[3]
        ),
        file.read_text(encoding="utf-8"),
    )


def _parts() -> Mapping[str, list[str]]:
    parts = {
        name: _described(
            (one.name, one.description) for one in ACCOUNT_COLUMNS if one.is_measured == measured
        )
        for name, measured in (("account columns", False), ("account revenue columns", True))
    }
    for name, columns in (("customer", CUSTOMER_COLUMNS), ("KPI setting", KPI_SETTING_COLUMNS)):
        parts[f"{name} columns"] = _described((one, column.description) for one, column in columns.items())
    for table in ("account", "user"):
        landed = [one for one in ACCOUNT_COLUMNS if one.landed and one.table == table]
        parts[f"landed {table} columns"] = _described((str(one.landed), one.description) for one in landed)
    for source in SOURCES:
        kpis = [kpi for kpi in KPIS.values() if kpi.source == source]
        meanings = ((kpi.column, f"{kpi.display_name}: {kpi.formula}.") for kpi in kpis)
        parts[f"{source} KPIs"] = _described(meanings)
        parts[f"ranges of {source} KPIs"] = [
            f"{kpi.column}: {json.dumps([kpi.minimum, kpi.maximum])}" for kpi in kpis
        ]
    return parts


def _described(columns: Iterable[tuple[str, str]]) -> list[str]:
    return [line for name, meaning in columns for line in _column(name, meaning)]


def _column(name: str, meaning: str) -> Iterator[str]:
    yield f"- name: {name}"
    yield f"  description: {json.dumps(meaning, ensure_ascii=False)}"


if __name__ == "__main__":
    for file in FILES:
        file.write_text(text(file), encoding="utf-8")
