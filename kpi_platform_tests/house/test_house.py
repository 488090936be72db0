"""Each rule of the house finds what breaks it, and leaves alone what does not."""

from pathlib import Path

import pytest

from kpi_platform_tests.house.compared_names import compared_names, compared_names_in_text
from kpi_platform_tests.house.docstrings import docstrings
from kpi_platform_tests.house.foreign_insides import WALLS, foreign_insides
from kpi_platform_tests.house.homonyms import homonyms
from kpi_platform_tests.house.long_files import long_files
from kpi_platform_tests.house.plain_words import plain_words, plain_words_in_text
from kpi_platform_tests.house.source_file import SourceFile
from kpi_platform_tests.house.unused_code import unused_code
from kpi_platform_tests.order import LONG, TESTS


def module(text: str, path: str = "kpi_platform/web/page.py") -> SourceFile:
    return SourceFile(path, text)


@pytest.mark.parametrize(
    "line",
    [
        "import dagster._core.events",
        "from dagster._core.events import DagsterEvent",
        "from dagster import _core",
        "from dbt import compilation\ncompilation.inject = None",
        "import uvicorn.main as u\nu.Server.run = None",
    ],
)
def test_insides_of_other_packages_are_used_behind_the_wall_alone(line: str) -> None:
    assert len(list(foreign_insides(module(line)))) == 1
    assert list(foreign_insides(module(line, WALLS[0]))) == []


@pytest.mark.parametrize(
    "line",
    [
        "from __future__ import annotations",
        "from kpi_platform import configuration\nconfiguration.one = 1",
        "import dagster\nx = dagster.Thing()\nx.name = 'own'",
    ],
)
def test_own_modules_and_own_objects_are_no_foreign_insides(line: str) -> None:
    assert list(foreign_insides(module(line))) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('def rows():\n    """The rows of a mart."""', 1),
        ('def rows():\n    """What a mart holds."""', 1),
        ('def rows():\n    """`x` → y."""', 1),
        ('def rows():\n    """Returns the rows of a mart."""', 0),
        ('def has_rows():\n    """Whether the mart has rows."""', 0),
        ('def _rows():\n    """The rows of a mart."""', 0),
        ("def rows(): pass", 0),
        ('class Row:\n    """Of which a copy is itself."""', 1),
        ('class Row:\n    def key(self):\n        """The key."""', 1),
        ('class Row:\n    @property\n    def key(self):\n        """The key."""', 0),
        ('"""What dbt gets wrong, mended."""', 1),
        ('"""Patches of dbt."""', 0),
    ],
)
def test_a_docstring_begins_with_what_is_done_or_with_a_noun(text: str, found: int) -> None:
    assert len(list(docstrings(module(text)))) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('one = source == "salesforce"', 1),
        ('one = source in ("servicenow", "other")', 1),
        ('match source:\n    case "salesforce":\n        pass', 1),
        ("one = source == other", 0),
        ('tables = {"salesforce": 1}', 0),
    ],
)
def test_a_comparison_with_a_sources_name_stands_in_its_home_alone(text: str, found: int) -> None:
    assert len(list(compared_names(module(text)))) == found
    assert list(compared_names(module(text, "kpi_platform/domain/sources.py"))) == []


def test_a_comparison_with_a_destinations_name_stands_in_its_home_alone() -> None:
    text = 'one = warehouse.type in ("postgres", "other")'
    assert len(list(compared_names(module(text)))) == 1
    assert list(compared_names(module(text, "kpi_platform/adapters/dbt.py"))) == []


def test_templates_and_sql_compare_with_a_sources_name_in_its_own_folder_alone() -> None:
    line = "{% if source == 'salesforce' %}"
    assert len(list(compared_names_in_text("dbt/models/marts/kpi_values.sql", line))) == 1
    assert list(compared_names_in_text("dbt/models/staging/salesforce/stg.sql", line)) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"""The name; None where nobody gave one."""', 1),
        ("x = 1  # All but for the last.", 1),
        ('"""Says where it is; None if nobody knows."""', 0),
        ('text = "None where"', 0),
    ],
)
def test_a_condition_is_said_with_if_in_comments_and_docstrings(text: str, found: int) -> None:
    assert len(list(plain_words(module(text)))) == found
    assert list(plain_words(module(text, "kpi_platform_tests/reference/values.py"))) == []


def test_descriptions_of_models_say_if_as_well() -> None:
    line = "description: The rating; NULL where there is none."
    assert [str(one) for one in plain_words_in_text("dbt/models/one.yml", line)] == [
        "dbt/models/one.yml:1: 'where' for 'if': write 'if'."
    ]


def test_a_long_file_gives_a_reason() -> None:
    long = "x = 1\n" * 301
    assert len(list(long_files(module(long)))) == 1
    assert list(long_files(module(f"# Long: one table.\n{long}"))) == []
    assert list(long_files(module("x = 1\n" * 300))) == []


def test_two_classes_of_one_name_are_found() -> None:
    files = [module("class Batch: pass", "a.py"), module("class Batch: pass\nclass _Own: pass", "b.py")]
    (breach,) = homonyms([*files, module("class _Own: pass", "c.py")])
    assert str(breach).startswith("a.py:1: class Batch is also in b.py")


def test_code_that_tests_alone_call_is_unused_and_what_templates_call_is_not(tmp_path: Path) -> None:
    page = tmp_path / "kpi_platform" / "web" / "page.html"
    page.parent.mkdir(parents=True)
    page.write_text("{{ account.shown }}")
    text = "class Account:\n    def shown(self): pass\n    def dead(self): pass\nAccount()"
    file = module(text, "kpi_platform/web/page.py")
    assert [str(one) for one in unused_code([file], tmp_path)] == [
        "kpi_platform/web/page.py:3: method 'dead' is used nowhere: delete it."
    ]


def test_files_that_begin_first_are_there() -> None:
    assert [file for file in LONG if not (TESTS / file).exists()] == []
