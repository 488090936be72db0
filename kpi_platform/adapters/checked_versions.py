"""Versions of Dagster and dbt that our patches and shortcuts were checked with.

They reach into code that its owners may change in any release. With a version that is not listed here they
stay off: the slower public way does the work, and the log says so once. How to add a version:
docs/decisions/0017-foreign-insides-behind-a-wall.md.
"""

import logging
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version

CHECKED: Mapping[str, tuple[str, ...]] = {
    "dagster": ("1.13.27",),
    "dbt-adapters": ("1.24.5",),
    "dbt-common": ("1.39.0",),
    "dbt-core": ("1.11.16",),
    "dbt-duckdb": ("1.11.1",),
}
"""Package → its versions that passed the tests of the Makefile's WALL_TESTS with our patches."""

_log = logging.getLogger(__name__)


def are_checked(*packages: str) -> bool:
    """Whether each of these packages is installed in a version that CHECKED lists."""
    checks = [_is_checked(package) for package in packages]
    return all(checks)


@cache
def _is_checked(package: str) -> bool:
    installed = version(package)
    if installed in CHECKED[package]:
        return True
    _log.warning(
        "%s %s was not checked with our patches of it (checked: %s). They stay off: results are the same, "
        "runs take longer.",
        package,
        installed,
        ", ".join(CHECKED[package]),
    )
    return False
