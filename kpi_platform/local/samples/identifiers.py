"""Ids as the sources form them: Salesforce's 18 characters and ServiceNow's sys_ids."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpi_platform.local.samples.noise import Integers, bits

_BASE62 = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", dtype=np.uint8)
_CHECK = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", dtype=np.uint8)

Texts = NDArray[np.object_]


def salesforce_ids(prefix: str, name: str, *indexes: Integers) -> Texts:
    """Valid 18-character ids: the object's 3-character `prefix`, 12 characters, and 3 check characters, each
    of which says which of 5 characters are capitals. The first 15 characters are the short form."""
    hashed = bits(name, *indexes)
    characters = np.empty((len(hashed), 18), dtype=np.uint8)
    characters[:, :6] = np.frombuffer(f"{prefix}5e0".encode(), dtype=np.uint8)
    for position in range(14, 5, -1):
        characters[:, position] = _BASE62[(hashed % np.uint64(62)).astype(np.intp)]
        hashed = hashed // np.uint64(62)
    capital = (characters[:, :15] >= ord("A")) & (characters[:, :15] <= ord("Z"))
    chunks = capital.reshape(-1, 3, 5) @ (1 << np.arange(5))
    characters[:, 15:] = _CHECK[chunks]
    return _texts(characters)


def sys_ids(name: str, *indexes: Integers) -> Texts:
    """Returns ids of 32 hexadecimal digits."""
    halves = np.stack([bits(f"{name}/{half}", *indexes) for half in "ab"], axis=-1).astype(">u8")
    nibbles = np.repeat(np.ascontiguousarray(halves).view(np.uint8).reshape(-1, 16), 2, axis=1)
    nibbles[:, ::2] >>= 4
    nibbles &= 0xF
    return _texts(np.frombuffer(b"0123456789abcdef", dtype=np.uint8)[nibbles])


def _texts(characters: NDArray[np.uint8]) -> Texts:
    width: Any = f"S{characters.shape[1]}"
    texts: Texts = np.ascontiguousarray(characters).view(width).ravel().astype(str).astype(object)
    return texts
