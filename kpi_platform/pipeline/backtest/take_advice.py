"""The advice of a back-test, saved or tried as a change of the settings like any other."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.backtests import report_of_backtest
from kpi_platform.dashboard.database import reading
from kpi_platform.domain.errors import NotFound
from kpi_platform.domain.settings import Editor
from kpi_platform.pipeline.change_settings import SettingsChange
from kpi_platform.pipeline.edit_settings import save_edit


def save_advice(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    backtest_id: str,
    *,
    by: Editor,
    dry_run: bool = False,
) -> SettingsChange:
    """Saves what the back-test advises, on top of the newest settings; the note of the version names it.
    Raises NotFound if it advises nothing, and what `save_edit` raises."""
    with reading(engine) as connection:
        report = report_of_backtest(connection, customer, backtest_id)
    if report is None or report.advice is None:
        raise NotFound("This back-test advises nothing.", next_step="Its report says what it found.")
    patch = report.advice.patch
    change, _ = save_edit(
        configuration, engine, customer, lambda document: _patched(document, patch),
        by=by, note=f"Advice of back-test {backtest_id}.", dry_run=dry_run,
    )  # fmt: skip
    return change


def _patched(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the document with the values of the patch; objects are merged, everything else is replaced."""
    merged = dict(document)
    for key, value in patch.items():
        before = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(before, Mapping)
        merged[key] = _patched(before, value) if both else value  # type: ignore[arg-type]
    return merged
