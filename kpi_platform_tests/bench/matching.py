"""100,000 names against 100,000: account matching beside rapidfuzz's `cdist` over all pairs."""

import pickle
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process

from kpi_platform.domain.matching import kernel
from kpi_platform.domain.matching.corpus import Corpus
from kpi_platform.domain.matching.evidence import Names
from kpi_platform.domain.matching.match import match_parties
from kpi_platform.domain.matching.party import Match, MatchPolicy, Party
from kpi_platform_tests.calibration.labelled import LinkTask, made_up_link

NAMES = 100_000
SAMPLE = 2_000
THRESHOLD = MatchPolicy().threshold
LEAST_RATIO_OF_TIMES, MOST_GIB, LEAST_FOUND = 10.0, 0.5, 0.995
_THIS = "kpi_platform_tests.bench.matching"
ROWS, AT_ONCE = 1_000, 25
"""Rows held at once, of `cdist`'s matrix and of the sample's."""


def parties(names: list[str]) -> list[Party]:
    return [Party(str(i), name) for i, name in enumerate(names)]


def match_alone(task_file: Path, result_file: Path) -> None:
    """Match in a process of its own, for its memory: seconds, seconds again, bytes, matches."""
    task: LinkTask = pickle.loads(task_file.read_bytes())
    left, right = parties(task.left), parties(task.right)
    del task
    times = []
    matches: list[Match] = []
    for _ in range(2):
        matches.clear()
        started = time.perf_counter()
        matches = match_parties(left, right, MatchPolicy())
        times.append(time.perf_counter() - started)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    result_file.write_bytes(pickle.dumps((times, memory, matches)))


def compare_all_pairs(left: list[str], right: list[str]) -> tuple[float, list[int]]:
    """Seconds of `cdist` over all pairs, and each left name's best right one at the threshold, or -1."""
    started = time.perf_counter()
    best = []
    for start in range(0, len(left), ROWS):
        scores = process.cdist(
            left[start : start + ROWS],
            right,
            scorer=fuzz.ratio,
            score_cutoff=100 * THRESHOLD,
            dtype=np.uint8,
            workers=-1,
        )
        places = scores.argmax(axis=1)
        best.extend(np.where(scores[np.arange(len(places)), places] > 0, places, -1).tolist())
    return time.perf_counter() - started, best


def found_of_all(names_of_both: Names, matches: list[Match]) -> tuple[int, int, int, int]:
    """Of the pairs that scoring a sample of left names with all right names finds at the threshold: how many
    names have one and how many of these were matched as well, how many pairs there are and were candidates.

    Names with a namesake are matched with it, whatever else is like them; all others are scored with all.
    """
    left, right, corpus = names_of_both.left, names_of_both.right, names_of_both.corpus
    holders: dict[str, set[str]] = {}
    for j, name in enumerate(right):
        if name:
            holders.setdefault(name, set()).add(str(j))
    register = sorted(holders)
    sample = [i for i in random.Random(1).sample(range(len(left)), SAMPLE) if left[i]]
    alone = [i for i in sample if left[i] not in holders]
    names = len(sample) - len(alone)
    found_names = sum(matches[i].score == 1.0 for i in sample if left[i] in holders)
    pairs = found_pairs = 0
    for start in range(0, len(alone), AT_ONCE):
        some = alone[start : start + AT_ONCE]
        lefts = np.repeat(np.arange(len(some), dtype=np.int64), len(register))
        rights = np.tile(np.arange(len(register), dtype=np.int64), len(some))
        scores = kernel.score_pairs([left[i] for i in some], register, (lefts, rights), corpus)
        for i, row in zip(some, scores.reshape(len(some), len(register)), strict=True):
            sure = [register[j] for j in np.flatnonzero(row >= THRESHOLD)]
            if sure:
                candidates = {each.right_id for each in matches[i].candidates}
                names += 1
                found_names += max((each.score for each in matches[i].candidates), default=0.0) >= row.max()
                pairs += len(sure)
                found_pairs += sum(bool(candidates & holders[name]) for name in sure)
    return names, found_names, pairs, found_pairs


def _quality(task: LinkTask, best: list[int]) -> tuple[float, float]:
    """Precision and recall of the right indices `best`, -1 for none."""
    found = [i for i, j in enumerate(best) if j >= 0]
    right = sum(task.truth.get(i) == best[i] for i in found)
    return right / len(found), right / len(task.truth)


def quality(task: LinkTask, best: list[int]) -> str:
    precision, recall = _quality(task, best)
    return f"precision {precision:.4f}, recall {recall:.4f}"


def f1(task: LinkTask, best: list[int]) -> float:
    precision, recall = _quality(task, best)
    return 2 * precision * recall / (precision + recall)


def print_lines(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def main() -> int:
    task = made_up_link(left=NAMES, right=NAMES, absent=0.2, seed=5)
    with tempfile.TemporaryDirectory() as folder:
        task_file, result_file = Path(folder) / "task", Path(folder) / "result"
        task_file.write_bytes(pickle.dumps(task))
        # Compiled once a machine and kept on disk; not part of matching.
        small = [f"name{i}" for i in range(3)]
        zeros = np.zeros(1, np.int64)
        kernel.score_pairs(small, small, (zeros, zeros), Corpus.learn(small))
        subprocess.run(
            [
                sys.executable,
                "-m",
                __spec__.name if __spec__ else __package__,
                str(task_file),
                str(result_file),
            ],
            check=True,
        )
        (first, again), memory, matches = pickle.loads(result_file.read_bytes())
    names_of_both = Names(parties(task.left), parties(task.right))
    left, right = names_of_both.left, names_of_both.right
    seconds, best = compare_all_pairs(left, right)
    accepted = [int(match.right_id) if match.decision == "match" else -1 for match in matches]
    proposed = [int(match.right_id) if match.right_id else -1 for match in matches]
    gib = memory / 2**30
    print_lines(
        f"{NAMES:,} x {NAMES:,} names, raw names to decisions",
        f"matching       {first:7.2f} s with its start, {again:.2f} s again, {gib:.2f} GiB",
        f"  accepted     {quality(task, accepted)}",
        f"  with review  {quality(task, proposed)}",
        f"cdist, all     {seconds:7.2f} s (normal forms given to it), {seconds / again:.1f} times",
        f"  at {THRESHOLD}      {quality(task, best)}",
        f"F1             {f1(task, accepted):.4f}, cdist {f1(task, best):.4f}",
    )
    names, found_names, pairs, found_pairs = found_of_all(names_of_both, matches)
    print_lines(
        f"of what scoring {SAMPLE:,} names with all finds at {THRESHOLD}:",
        f"  best pairs   {found_names} of {names} ({found_names / names:.4f})",
        f"  all pairs    {found_pairs} of {pairs}, of names without a namesake",
    )
    good = seconds / again >= LEAST_RATIO_OF_TIMES and gib <= MOST_GIB and found_names / names >= LEAST_FOUND
    return 0 if good else 1


if __name__ == "__main__":
    if len(sys.argv) == 3:
        match_alone(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        sys.exit(main())
