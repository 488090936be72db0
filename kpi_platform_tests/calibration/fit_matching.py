"""Fit the score's coefficients: `python -m kpi_platform_tests.calibration.fit_matching`.

A logistic regression on the best candidate of each name, since a match is only ever made with the best one.
Every coefficient is bounded below by zero and every feature is written so that more of it speaks for a
match: a better agreement can never lower the score. Prints the coefficients and, for each data set, how
well the score does there when that set is left out of the fit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from kpi_platform.domain.matching.candidates import candidate_pairs
from kpi_platform.domain.matching.corpus import GENERAL
from kpi_platform.domain.matching.evidence import Names
from kpi_platform.domain.matching.names import parse_name
from kpi_platform.domain.matching.party import Party
from kpi_platform.domain.matching.score import compare
from kpi_platform_tests.calibration.labelled import applicants, made_up_link, organisation_pairs

RIDGE = 0.3
ROUNDS = 4


@dataclass(frozen=True)
class Sample:
    """Features of candidate pairs, whether they are the same company, and whose candidates they are."""

    name: str
    features: npt.NDArray[np.float64]
    same: npt.NDArray[np.float64]
    owner: npt.NDArray[np.int64]
    weight: float


def sample_lists(
    name: str,
    left: Sequence[str],
    right: Sequence[str],
    same: Callable[[int, int], bool],
    weight: float,
    *,
    of_itself: bool = False,
) -> Sample:
    lefts, rights = ([Party(str(i), text) for i, text in enumerate(texts)] for texts in (left, right))
    names = Names(lefts, rights, GENERAL if of_itself else None)
    a, b = [name.split() for name in names.left], [name.split() for name in names.right]
    pairs = candidate_pairs(names.left, names.right)
    # Who has a namesake in the list is matched with it and teaches nothing about similar names.
    namesakes = set() if of_itself else {tuple(sorted(words)) for words in b}
    rows = [
        (compare(a[i], b[j], names.corpus).features, same(i, j), i)
        for i, j in zip(pairs[0].tolist(), pairs[1].tolist(), strict=True)
        if tuple(sorted(a[i])) not in namesakes
        and "".join(a[i]) != "".join(b[j])
        and not (of_itself and i == j)
    ]
    return Sample(
        name,
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows], float),
        np.array([row[2] for row in rows]),
        weight,
    )


def samples() -> list[Sample]:
    result = []
    for seed, size in ((1, 8_000), (2, 8_000), (3, 2_000), (4, 500)):
        task = made_up_link(left=min(2_000, size), right=size, absent=0.2, seed=seed)
        truth = task.truth
        result.append(
            sample_lists(f"made up, {size}", task.left, task.right, lambda i, j, t=truth: t.get(i) == j, 1.0)
        )
    forms: dict[str, tuple[str, str]] = {}
    for _, text, group in applicants():
        forms.setdefault(" ".join(parse_name(text).words), (text, group))
    listed = list(forms.values())
    texts = [text for text, _ in listed]
    result.append(
        sample_lists(
            "applicants", texts, texts, lambda i, j: listed[i][1] == listed[j][1], 0.3, of_itself=True
        )
    )
    rows = [
        (compare(parse_name(a).words, parse_name(b).words, GENERAL).features, float(same))
        for a, b, same in organisation_pairs()
        if sorted(parse_name(a).words) != sorted(parse_name(b).words)
    ]
    result.append(
        Sample(
            "organisations",
            np.array([row[0] for row in rows]),
            np.array([row[1] for row in rows]),
            np.arange(len(rows)),
            0.2,
        )
    )
    return result


def predict(
    coefficients: npt.NDArray[np.float64], features: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-(coefficients[0] + features @ coefficients[1:])))


def best(sample: Sample, coefficients: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The row of each owner's best candidate."""
    order = np.lexsort((-predict(coefficients, sample.features), sample.owner))
    first = np.flatnonzero(np.diff(sample.owner[order], prepend=-1))
    return order[first]


def loss(
    beta: npt.NDArray[np.float64],
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    w: npt.NDArray[np.float64],
) -> tuple[float, npt.NDArray[np.float64]]:
    """Weighted log loss with a ridge, and its slope."""
    z = beta[0] + x @ beta[1:]
    error = w * (1.0 / (1.0 + np.exp(-z)) - y)
    value = np.sum(w * (np.logaddexp(0.0, z) - y * z)) + RIDGE * np.sum(beta[1:] ** 2)
    return float(value), np.concatenate([[error.sum()], x.T @ error + 2 * RIDGE * beta[1:]])


def fit(chosen: Sequence[Sample]) -> npt.NDArray[np.float64]:
    """Intercept and coefficients."""
    width = chosen[0].features.shape[1]
    coefficients = np.concatenate([[-8.0], np.ones(width)])
    for _ in range(ROUNDS):
        rows = [best(sample, coefficients) for sample in chosen]
        x = np.vstack([sample.features[r] for sample, r in zip(chosen, rows, strict=True)])
        y = np.concatenate([sample.same[r] for sample, r in zip(chosen, rows, strict=True)])
        w = np.concatenate([np.full(len(r), sample.weight) for sample, r in zip(chosen, rows, strict=True)])

        bounds = [(None, None)] + [(0.0, None)] * width
        coefficients = minimize(loss, coefficients, (x, y, w), jac=True, method="L-BFGS-B", bounds=bounds).x
    return coefficients


def report(name: str, sample: Sample, coefficients: npt.NDArray[np.float64]) -> None:
    rows = best(sample, coefficients)
    p, y = predict(coefficients, sample.features[rows]), sample.same[rows]
    parts = []
    for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 0.85), (0.85, 1.01)):
        inside = (p >= low) & (p < high)
        parts.append(
            f"{low:.2f}-{min(high, 1):.2f}: {y[inside].mean() if inside.any() else 0:.3f} of {inside.sum()}"
        )
    print(f"{name:45}", "  ".join(parts))


def main() -> None:
    everything = samples()
    coefficients = fit(everything)
    print("COEFFICIENTS: Final =", tuple(round(float(b), 2) for b in coefficients[1:]))
    print("INTERCEPT: Final =", round(float(coefficients[0]), 2))
    print(
        "\nShare of same companies by score (calibrated: within the band), the name's spelling not the same:"
    )
    for sample in everything:
        report(sample.name, sample, coefficients)
        family = sample.name.split(",")[0]
        rest = [other for other in everything if not other.name.startswith(family)]
        report(f"{sample.name}, left out of the fit", sample, fit(rest))


if __name__ == "__main__":
    main()
