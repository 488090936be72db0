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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,title\n1,x\n", "no column name"),
        (b"", "no column id and no column name"),
        (b"id,name\n1,x\n1,y\n", "line 3: the id '1' was there before"),
        (b"id,name\n,x\n", "line 2: the id is empty"),
        (b'id,name\n1,"x\n', "line 2"),
        (b"id,name\n1,\xff\xe9\n", "not UTF-8"),
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
