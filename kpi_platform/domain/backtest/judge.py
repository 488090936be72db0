"""The report of a back-test from its rows."""

import numpy as np

from kpi_platform.domain.backtest import figures
from kpi_platform.domain.backtest.advice import advise
from kpi_platform.domain.backtest.report import LEAST_OUTCOMES, BacktestReport
from kpi_platform.domain.backtest.rows import BacktestRows
from kpi_platform.domain.backtest.spec import BacktestSpec


def report_of(rows: BacktestRows, spec: BacktestSpec) -> BacktestReport:
    """Returns the report. Figures of the score are of the rows that are labelled and scored (B16)."""
    times = rows.account_times
    scored = figures.by_score(figures.scored_of(times))
    churned = figures.churned_of(scored)
    left, kept = (len(set(scored.account_id[mask])) for mask in (churned, ~churned))
    enough = left >= LEAST_OUTCOMES and kept >= LEAST_OUTCOMES
    return BacktestReport(
        as_of=rows.as_of,
        settings_version=rows.settings_version,
        instants=[figures.instant_of(one) for one in np.unique(times.t)],
        counts=figures.counts_of(times),
        enough=enough,
        churned_accounts=left,
        kept_accounts=kept,
        auc=figures.auc(100 - scored.score, churned) if enough else None,
        auc_by_time=figures.auc_by_time(scored, enough=enough),
        inputs=figures.auc_by_input(figures.labelled_of(times), enough=enough),
        roc=figures.roc_of(scored) if enough else [],
        lift=figures.lift_of(scored),
        deciles=figures.deciles_of(scored),
        bands=figures.bands_of(scored),
        at_risk=figures.at_risk_of(rows),
        missed=figures.missed_of(rows),
        not_known=list(rows.not_known),
        survivorship=rows.survivorship,
        currency=rows.currency,
        advice=advise(times, spec) if enough else None,
    )
