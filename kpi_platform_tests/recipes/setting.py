"""A made-up setting with an effect in SQL, added to a copy of the project as docs/extending.md says."""

from pathlib import Path

from kpi_platform_tests.recipes.tree import edited

_WEIGHTS = '    weights: HealthWeights = section(HealthWeights, "Weights of the four categories.")\n'
_SETTING = """    least_coverage: Share = setting(
        0.5, "Share of the weights that must be known for a score.", allowed="0 to 1", kind="meaning"
    )
"""
_LAST_COLUMN = '    support_weight: Annotated[float, Column("float", "Likewise.")]\n'
_COLUMN = '    least_coverage: Annotated[float, Column("float", "Least coverage with a score.")]\n'
_LAST_VALUE = "        support_weight=weights.support,\n"
_VALUE = "        least_coverage=settings.health_score.least_coverage,\n"
_LAST_READ = "        customers.support_weight,\n"


def with_least_coverage(copy: Path) -> None:
    """Adds `health_score.least_coverage`: the setting, its column of int_customer, its use in a model."""
    domain = copy / "kpi_platform" / "domain"
    edited(domain / "settings" / "policies.py", (_WEIGHTS, _WEIGHTS + _SETTING))
    edited(
        domain / "batch_rows.py",
        (_LAST_COLUMN, _LAST_COLUMN + _COLUMN),
        (_LAST_VALUE, _LAST_VALUE + _VALUE),
    )
    edited(
        copy / "dbt" / "models" / "marts" / "account_health_score.sql",
        (_LAST_READ, _LAST_READ + "        customers.least_coverage,\n"),
        (">= 0.5 and categories_weight", ">= least_coverage and categories_weight"),
    )
