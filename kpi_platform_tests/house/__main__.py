"""Prints every breach of the rules of the house; `make lint` runs it."""

import sys
from collections.abc import Iterator
from pathlib import Path

from kpi_platform_tests.house.compared_names import compared_names, compared_names_in_text
from kpi_platform_tests.house.docstrings import docstrings
from kpi_platform_tests.house.foreign_insides import foreign_insides
from kpi_platform_tests.house.homonyms import homonyms
from kpi_platform_tests.house.long_files import long_files
from kpi_platform_tests.house.plain_words import plain_words, plain_words_in_text
from kpi_platform_tests.house.source_file import Breach, SourceFile
from kpi_platform_tests.house.unused_code import unused_code

PROJECT = Path(__file__).parents[2]


def breaches(project: Path) -> Iterator[Breach]:
    """Finds all breaches of the project, rule by rule."""
    product = [SourceFile.read(project, path) for path in sorted(project.glob("kpi_platform/**/*.py"))]
    tests = [SourceFile.read(project, path) for path in sorted(project.glob("kpi_platform_tests/**/*.py"))]
    for file in product:
        for rule in (foreign_insides, docstrings, compared_names):
            yield from rule(file)
    for file in (*product, *tests):
        yield from long_files(file)
        yield from plain_words(file)
    yield from homonyms(product)
    for path in sorted([*project.glob("dbt/**/*.sql"), *project.glob("kpi_platform/**/*.html")]):
        name = path.relative_to(project).as_posix()
        yield from compared_names_in_text(name, path.read_text(encoding="utf-8"))
    for path in sorted([*project.glob("dbt/**/*.sql"), *project.glob("dbt/**/*.yml")]):
        yield from plain_words_in_text(path.relative_to(project).as_posix(), path.read_text(encoding="utf-8"))
    yield from unused_code(product, project)


if __name__ == "__main__":
    found = [str(breach) for breach in breaches(PROJECT)]
    print("\n".join(found))
    sys.exit(bool(found))
