"""`kpi-platform match` on real files: what it writes, refuses and exits with."""

import csv
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from kpi_platform.cli import customers, matching

app = typer.Typer()
matching.register(app)
customers.register(app)  # A second command, so that `match` is named on the command line as for users.


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["match", *map(str, arguments)])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def left(tmp_path: Path) -> Path:
    path = tmp_path / "left.csv"
    path.write_text(
        'ID,Name,Website,City\nl1,"Smith, Jones & Sons Ltd",,\n\nl2,Kirbo Fods Inc,https://kirbo.com/x,\n'
        "l3,Nobody Knows,,\nl4,Banco Santander,,\n",
        encoding="utf-8-sig",
    )
    return path


@pytest.fixture
def right(tmp_path: Path) -> Path:
    path = tmp_path / "right.csv"
    path.write_text(
        "name;id;email\nSmith Jones and Sons;r1;\nKirbo Foods;r2;jo@kirbo.com\nBanco Santander Chile;r3;\n",
        encoding="utf-16",
    )
    return path


def test_two_files_are_matched_row_by_row(left: Path, right: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    result = run(left, right, "--out", out)
    assert result.exit_code == 0, result.output
    written = rows(out)
    assert list(written[0]) == ["left_id", "right_id", "score", "method", "decision", "reason"]
    assert [(row["left_id"], row["right_id"], row["method"], row["decision"]) for row in written] == [
        ("l1", "r1", "exact", "match"),
        ("l2", "r2", "fuzzy", "match"),
        ("l3", "", "none", "none"),
        ("l4", "r3", "fuzzy", "review"),
    ]
    assert written[0]["score"] == "1.0000"
    assert "chile" in written[3]["reason"]


def test_the_domain_strategy_reads_websites_and_addresses(left: Path, right: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run(left, right, "--strategy", "domain", "--out", out).exit_code == 0
    assert [row["method"] for row in rows(out)] == ["exact", "domain", "none", "none"]


def test_thresholds_move_decisions_and_json_counts_them(left: Path, right: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    result = run(left, right, "--threshold", "0.75", "--json", "--out", out)
    summary = json.loads(result.stdout)
    assert (summary["match"], summary["review"], summary["none"], summary["accounts"]) == (3, 0, 1, 4)


def test_a_dash_prints_rows_and_nothing_else_on_standard_output(left: Path, right: Path) -> None:
    result = run(left, right, "--out", "-")
    assert result.exit_code == 0
    assert [line.split(",")[0] for line in result.stdout.splitlines()] == ["left_id", "l1", "l2", "l3", "l4"]


def test_one_file_is_grouped(tmp_path: Path) -> None:
    path, out = tmp_path / "names.csv", tmp_path / "groups.csv"
    path.write_text("id,name\na,Kirbo Foods Ltd\nb,KIRBO FOODS\nc,Fund 1\nd,Fund 2\n", encoding="utf-8")
    result = run("--dedupe", path, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    assert [(row["id"], row["group_id"]) for row in rows(out)] == [
        ("a", "a"),
        ("b", "a"),
        ("c", "c"),
        ("d", "d"),
    ]
    assert json.loads(result.stdout)["groups"] == 3


FIELD_CASES: dict[str, list[str] | str] = {
    "bom_semicolon.csv": ["1", "2"],
    "cr_only.csv": ["1", "2"],
    "header_quote_comma.csv": ["1"],
    "latin1.csv": "latin1.csv, line 2: there is a character that is not UTF-8",
    "leadzero.csv": ["001", "1"],
    "more_commas.csv": ["1"],
    "newline_in_cell.csv": ["1", "2"],
    "right.csv": ["R1", "R2"],
    "sep_line.csv": ["1"],
    "short_row.csv": "short_row.csv, line 3: the row has 1 of 2 cells",
    "utf16.csv": ["1"],
    "vt_ls_in_name.csv": ["1", "2", "3"],
}
"""The accounts that each file holds, or why it is refused."""


def test_each_field_case_is_read_as_a_spreadsheet_shows_it(shared: Path, tmp_path: Path) -> None:
    folder, out = shared / "data/field_cases/18-csv-files", tmp_path / "out.csv"
    assert {file.name for file in folder.glob("*.csv")} == FIELD_CASES.keys()
    for name, expected in FIELD_CASES.items():
        result = run(folder / name, folder / "right.csv", "--out", out)
        if isinstance(expected, str):
            assert (result.exit_code, expected in result.stderr) == (1, True), (name, result.stderr)
        else:
            assert [row["left_id"] for row in rows(out)] == expected, name


def test_separators_of_unicode_are_part_of_a_name(shared: Path, tmp_path: Path) -> None:
    folder, out = shared / "data/field_cases/18-csv-files", tmp_path / "out.csv"
    assert run(folder / "vt_ls_in_name.csv", folder / "right.csv", "--out", out).exit_code == 0
    assert [row["right_id"] for row in rows(out)] == ["R1", "R2", ""]


@pytest.mark.parametrize(
    "text",
    [
        "sep=|\nid|name\n1|Müller; a, b, c\n",
        '"sep=;"\r\nid;name\r\n1;"Müller; a, b, c"\r\n',
        'id;"name";"x,y,z"\r1;"Müller; a, b, c";\r',
        "id\tname, legal\n1\tMüller; a, b, c\n",
        '\n ; \nid;name\n;\n1;"Müller; a, b, c"\n',
        "name;id;;\nMüller, a;1;;\n",
        "id,name\n1,Müller,,,\n",
    ],
)
def test_the_delimiter_is_found_whatever_stands_in_the_cells(text: str, tmp_path: Path) -> None:
    path, out = tmp_path / "left.csv", tmp_path / "out.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert run("--dedupe", path, "--out", out).exit_code == 0
    assert [row["id"] for row in rows(out)] == ["1"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,title\n1,x\n", "no column name"),
        (b"", "no column id and no column name"),
        (b"id,name\n1,x\n1,y\n", "line 3: the id '1' was there before"),
        (b"id,name\n,x\n", "line 2: the id is empty"),
        (b'id,name\n1,"x\n', "line 2"),
        (b"id,name\n1,\xff\xe9\n", "line 2: there is a character that is not UTF-8"),
        (b'id,name\n1,"x\ny"\n2,"z\n\n\n', "line 4: unexpected end of data"),
        (b'id,name\n1,"x\r\ny\rz"\n2\n', "line 5: the row has 1 of 2 cells"),
        (b"sep=;\r\nid;name\r\n1;x\r\n2\r\n", "line 4: the row has 1 of 2 cells"),
        (b"id,name\n1,Smith, Jones & Sons\n", "line 2: the row has 3 cells, and there are 2 columns"),
        (b"i\0d\0,\0n\0", "line 1: there is a NUL character"),
        (b"id;name (short);name (long)\n1;x;y\n", "no column name"),
        (b"sep=|\nid;name\n1;x\n", "it names: 'id;name'"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_place(
    content: bytes, message: str, left: Path, tmp_path: Path
) -> None:
    path, out = tmp_path / "bad.csv", tmp_path / "out.csv"
    path.write_bytes(content)
    result = run(left, path, "--out", out)
    assert result.exit_code == 1
    assert message in result.stderr
    assert not out.exists()


def test_what_does_not_fit_together_is_refused(left: Path, right: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    refused = {
        "not two files": run(left, "--out", out),
        "two files to match": run(left, right, "--dedupe", left, "--out", out),
        "no file to write": run(left, right),
        "cannot both be printed": run(left, right, "--out", "-", "--json"),
        "is read, too": run(left, right, "--out", left),
        "There is no file": run(left, tmp_path / "none.csv", "--out", out),
        "not a matching strategy": run(left, right, "--strategy", "guess", "--out", out),
        "do not fit": run(left, right, "--threshold", "2", "--out", out),
        "cannot be written": run(left, right, "--out", tmp_path / "no" / "folder.csv"),
    }
    for message, result in refused.items():
        assert result.exit_code == 1, message
        assert message in result.stdout + result.stderr
