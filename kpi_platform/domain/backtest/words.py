"""A back-test's report in plain sentences."""

from kpi_platform.domain.backtest.report import LEAST_OUTCOMES, BacktestReport

LEAVERS_ARE_MISSING = (
    "Leavers are missing: without recurring revenue from a ledger and without history mode of accounts, only "
    "accounts of today can be looked at. Who left and was retyped or deleted is not among them, so the "
    "figures flatter the score."
)
NOT_INDEPENDENT = (
    "The intervals take each row for a case of its own. Rows of one account at several instants are not "
    "independent, so the truth is less certain than they say."
)


def sentences(report: BacktestReport, horizon_days: int) -> list[str]:
    """Returns what the report says of the score, the most important first."""
    said = [_warned(report)]
    if not report.enough:
        few = min(report.churned_accounts, report.kept_accounts)
        said.append(
            f"Not enough outcomes ({few}): at least {LEAST_OUTCOMES} accounts that left and {LEAST_OUTCOMES} "
            "that stayed have to be scored before anything can be said of how well the score foretells."
        )
    if report.auc is not None:
        said.append(
            f"Of an account that left and one that stayed, the one that left had the lower score in "
            f"{100 * report.auc:.0f} of 100 pairs. By chance it would be 50."
        )
    if report.lift.lift is not None:
        share = report.lift.churned_arr_share
        money = (
            "" if share is None else f" {100 * share:.0f} % of the recurring revenue that left was theirs."
        )
        said.append(
            f"The tenth with the lowest scores left {report.lift.lift:.1f} times as often as all.{money}"
        )
    if report.at_risk.precision is not None:
        said.append(
            f"Of 100 that were at risk, {100 * report.at_risk.precision:.0f} left within {horizon_days} days."
        )
    return said


def _warned(report: BacktestReport) -> str:
    left, warned = report.at_risk.left, report.at_risk.warned
    if not left:
        return "No account left within the time that was looked at."
    who = f"Of {left:,} accounts that left" if left > 1 else "Of the one account that left"
    if not warned:
        return f"{who}, none was at risk before."
    days = round(report.at_risk.median_days or 0)
    verb = "were" if warned > 1 else "was"
    when = f"{days:,} days before" if warned == 1 else f"half of them {days:,} days or longer before"
    return f"{who}, {warned:,} {verb} at risk, {when}."
