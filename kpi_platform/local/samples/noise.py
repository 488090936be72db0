"""Random-looking numbers that depend only on their names.

A sample source must give the same row whenever it is asked, in any order and for any stretch of time. So no
generator with a state: every draw is a hash of what it is drawn for ("northwind/task/subject", account, day).
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def bits(name: str, *indexes: Integers) -> NDArray[np.uint64]:
    """Returns 64 hashed bits for each element of the (broadcast) integer arrays."""
    start = np.uint64(int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big"))
    hashed = np.broadcast_to(start, np.broadcast_shapes(*(np.shape(index) for index in indexes)))
    for index in indexes:
        hashed = _mix(hashed ^ _mix(np.asarray(index).astype(np.uint64)))
    return hashed


def uniform(name: str, *indexes: Integers) -> Floats:
    """Draws from [0, 1)."""
    return np.asarray((bits(name, *indexes) >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def normal(name: str, *indexes: Integers) -> Floats:
    """Draws from the standard normal distribution (Box and Muller)."""
    radius = np.sqrt(-2 * np.log(1 - uniform(name, *indexes)))
    return np.asarray(radius * np.cos(2 * np.pi * uniform(f"{name}/angle", *indexes)))


def pick(
    values: Sequence[Any], name: str, *indexes: Integers, weights: Sequence[float] | None = None
) -> NDArray[np.object_]:
    """Returns one of `values` for each element, with relative `weights`."""
    edges = np.cumsum(weights if weights is not None else np.ones(len(values)))
    drawn = np.searchsorted(edges / edges[-1], uniform(name, *indexes), side="right")
    options = np.empty(len(values), dtype=object)
    options[:] = values
    return options[np.minimum(drawn, len(values) - 1)]


def shuffled(count: int, name: str) -> Integers:
    """Returns the numbers 0…count-1 in a random-looking order."""
    return np.argsort(bits(name, np.arange(count)), kind="stable")


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
