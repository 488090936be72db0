"""`kpi-platform match`: account matching on two files, or within one, without any database."""

import csv
import io
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kpi_platform.cli.output import cli_errors, error_console, print_json
from kpi_platform.domain.errors import InvalidInput

if TYPE_CHECKING:
    from kpi_platform.domain.matching.party import MatchPolicy

_STANDARD_OUTPUT = Path("-")


def register(app: typer.Typer) -> None:
    app.command(name="match")(match)


@cli_errors
def match(
    left: Annotated[
        Path | None, typer.Argument(help="CSV file of the accounts to match.", show_default=False)
    ] = None,
    right: Annotated[
        Path | None, typer.Argument(help="CSV file of the accounts to match them with.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; - is standard output.", show_default=False)
    ] = None,
    dedupe: Annotated[
        Path | None, typer.Option(help="Group the accounts of this one file instead.", show_default=False)
    ] = None,
    strategy: Annotated[str, typer.Option(help="exact, fuzzy or domain.")] = "fuzzy",
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Accept from this score on, 0 to 1. [default: 0.85; with --dedupe 0.30]", show_default=False
        ),
    ] = None,
    review_threshold: Annotated[
        float | None, typer.Option(help="Review from this score on. [default: 0.70]", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
) -> None:
    """Match the accounts of two CSV files, or with --dedupe group those of one. Nothing is stored.

    Columns: id and name; optional are domain, website, email, city and country. Writes left_id, right_id,
    score, method, decision (match, review, none) and reason; with --dedupe id and group_id."""
    from kpi_platform.domain.matching.party import GROUPING, MatchPolicy

    started = time.monotonic()
    if (dedupe is None) == (left is None or right is None) or (dedupe is not None and left is not None):
        raise InvalidInput(
            "There are not two files to match.", next_step="Give LEFT and RIGHT, or --dedupe with one file."
        )
    if out is None:
        raise InvalidInput("There is no file to write.", next_step="Give --out FILE, or --out - to print.")
    if as_json and out == _STANDARD_OUTPUT:
        raise InvalidInput(
            "Rows and summary cannot both be printed.", next_step="Give --out a file, or leave --json."
        )
    inputs = [path for path in (left, right, dedupe) if path is not None]
    if out != _STANDARD_OUTPUT and any(
        path.exists() and out.exists() and path.samefile(out) for path in inputs
    ):
        raise InvalidInput(f"{out} is read, too.", next_step="Write to another file.")
    if threshold is None:
        threshold = (GROUPING if dedupe else MatchPolicy()).threshold
    if review_threshold is None:
        review_threshold = min(MatchPolicy().review_threshold, threshold)
    policy = MatchPolicy(strategy.lower(), threshold, review_threshold)  # type: ignore[arg-type]
    counts = _group(dedupe, policy, out) if dedupe else _match(inputs[0], inputs[1], policy, out)
    summary = {**counts, "seconds": round(time.monotonic() - started, 3)}
    if as_json:
        print_json(summary)
    elif out != _STANDARD_OUTPUT:
        error_console.print(f"{out}: " + ", ".join(f"{key} {value}" for key, value in summary.items()))


def _match(left: Path, right: Path, policy: "MatchPolicy", out: Path) -> dict[str, int]:
    with error_console.status("Reading …") as status:
        from kpi_platform.cli.party_files import read_parties
        from kpi_platform.domain.matching.match import match_parties

        lefts, rights = read_parties(left), read_parties(right)
        status.update(f"Matching {len(lefts):,} with {len(rights):,} accounts …")
        matches = match_parties(lefts, rights, policy)
        status.update("Writing …")
        _write(
            out,
            ("left_id", "right_id", "score", "method", "decision", "reason"),
            (
                (
                    each.left_id,
                    each.right_id or "",
                    f"{each.score:.4f}",
                    each.method,
                    each.decision,
                    each.reason,
                )
                for each in matches
            ),
        )
    decisions = Counter[str](each.decision for each in matches)
    return {
        "accounts": len(matches),
        **{decision: decisions[decision] for decision in ("match", "review", "none")},
    }


def _group(path: Path, policy: "MatchPolicy", out: Path) -> dict[str, int]:
    with error_console.status("Reading …") as status:
        from kpi_platform.cli.party_files import read_parties
        from kpi_platform.domain.matching.group import group_parties

        parties = read_parties(path)
        status.update(f"Grouping {len(parties):,} accounts …")
        groups = group_parties(parties, policy)
        _write(out, ("id", "group_id"), groups.items())
    return {"accounts": len(groups), "groups": len(set(groups.values()))}


def _write(out: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    if out == _STANDARD_OUTPUT:
        sys.stdout.write(text.getvalue())
        return
    try:
        out.write_text(text.getvalue(), encoding="utf-8")
    except OSError as error:
        raise InvalidInput(
            f"{out} cannot be written: {error.strerror}.", next_step="Name another file."
        ) from error
