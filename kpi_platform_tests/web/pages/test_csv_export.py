"""What a spreadsheet opens holds texts, and none of them is computed."""

import csv
import io
from datetime import UTC, datetime

import pytest

from kpi_platform.web.csv_export import csv_lines

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", ["", " ", "\t", "\n", "\u3000"])
def test_a_text_that_begins_as_a_formula_begins_with_an_apostrophe(before: str, sign: str) -> None:
    [[cell]] = csv.reader(io.StringIO(csv_lines([[f"{before}{sign}1+1"]]), newline=""))
    assert cell.startswith("'")
    assert cell.replace("'", "") == f"{before}{sign}1+1"


def test_no_cell_of_another_separator_is_a_formula() -> None:
    [[cell]] = csv.reader(io.StringIO(csv_lines([["Smith;=1+1\n@x\r\n-2"]]), newline=""))
    assert all(
        part[:1] not in "=+-@" for part in cell.replace("\n", ";").replace("\r", ";").split(";") if part
    )


def test_numbers_instants_and_usual_texts_stay_what_they_are() -> None:
    row = [-1.5, None, datetime(2026, 3, 1, 6, 30, tzinfo=UTC), "Rock-n-Roll + Co. = 1", "a@b.de; c@d.de"]
    line = csv_lines([row])
    assert line == "-1.5,,2026-03-01 06:30,Rock-n-Roll + Co. = 1,a@b.de; c@d.de\r\n"
