"""The labelled names that the score is fitted to and tested on."""

import csv
import random
from dataclasses import dataclass
from pathlib import Path

from kpi_platform_tests.calibration.company_names import register, spelling

MATCHING_DEV = Path(__file__).parents[3] / "shared" / "data" / "matching_dev"


@dataclass(frozen=True)
class LinkTask:
    """Names to find in a register; `truth` maps the indices of `left` that have a right one to it."""

    left: list[str]
    right: list[str]
    truth: dict[int, int]


def made_up_link(*, left: int, right: int, absent: float, seed: int) -> LinkTask:
    """`left` noisy spellings, of which the share `absent` belongs to companies that the register lacks."""
    rng = random.Random(seed)
    outside = int(left * absent)
    companies = register(right + outside, seed)
    rng.shuffle(companies)
    listed = companies[:right]
    picks = rng.sample(range(right), left - outside)
    names = [spelling(listed[j], rng) for j in picks] + [spelling(c, rng) for c in companies[right:]]
    return LinkTask(names, [company.name(rng) for company in listed], dict(enumerate(picks)))


def organisation_pairs() -> list[tuple[str, str, bool]]:
    """Labelled pairs of organisations' names (nomenklatura, MIT)."""
    with (MATCHING_DEV / "opensanctions_name_bench_cases.csv").open(encoding="utf-8", newline="") as file:
        return [
            (row["name1"], row["name2"], row["is_match"] == "true")
            for row in csv.DictReader(file)
            if row["schema"] in ("Company", "Organization", "LegalEntity")
        ]


def applicants() -> list[tuple[str, str, str]]:
    """Patent applicants (dedupe-examples, MIT): id, name, and the hand-checked id of who it is."""
    with (MATCHING_DEV / "dedupe_patstat_reference.csv").open(encoding="utf-8", newline="") as file:
        return [(row["person_id"], row["person_name"], row["leuven_id"]) for row in csv.DictReader(file)]


def holders(half: str) -> list[tuple[str, int]]:
    """Real organisations as lists of visitors, donors and lobbyists write them: name and number of the
    holder, by common knowledge; every other holder is held out."""
    lines = (Path(__file__).parent / "holders.txt").read_text(encoding="utf-8").splitlines()
    first = 0 if half == "train" else 1
    return [
        (name.strip(), number)
        for number, line in enumerate(lines)
        if number // 4 % 2 == first
        for name in line.split("|")
    ]
