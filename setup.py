"""Puts the dbt project into wheels.

In the checkout `dbt/` stands beside the package. A wheel installs packages only, so `dbt/` goes inside:
`kpi_platform/dbt`, where `adapters.dbt.project_directory` looks first.
"""

from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree

from setuptools import setup
from setuptools.command.build_py import build_py

# What dbt makes in its project while somebody works on it.
_MADE_BY_DBT = ignore_patterns("target", "logs", "dbt_packages", ".user.yml")


class BuildWithDbtProject(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            inside = Path(self.build_lib) / "kpi_platform" / "dbt"
            rmtree(inside, ignore_errors=True)
            copytree("dbt", inside, ignore=_MADE_BY_DBT)


setup(cmdclass={"build_py": BuildWithDbtProject})
