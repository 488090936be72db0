"""The owner of a secret, by its name, and the use of its value (docs/decisions/0013).

Settings hold names of environment variables. `KPI_SECRET_ACME_PASSWORD` is the secret PASSWORD of customer
`acme`; the operator may list further names for a customer.
"""

import re
from collections.abc import Iterable

from kpi_platform.domain.destination_kinds import DESTINATION_KINDS
from kpi_platform.domain.settings import WarehouseSettings

PREFIX = "KPI_SECRET_"


def is_name(text: str) -> bool:
    """Whether `text` can be the name of a secret."""
    return re.fullmatch(r"[A-Z][A-Z0-9_]{0,199}", text) is not None


def prefix_of(customer: str) -> str:
    """Returns the beginning of the names of the customer's own secrets. Keys are lower case: no two share
    it."""
    return f"{PREFIX}{customer.upper()}_"


def is_own(name: str, customer: str, longer_keys: Iterable[str]) -> bool:
    """Whether `name` is a secret of `customer` by its form. Of customers `a` and `a_b`, KPI_SECRET_A_B_X is
    that of `a_b` alone: a name belongs to the longest key. `longer_keys` are those of customers, also removed
    ones, that begin with this one and `_`."""
    prefix = prefix_of(customer)
    if not name.startswith(prefix) or len(name) == len(prefix):
        return False
    return not any(name.startswith(prefix_of(key)) for key in longer_keys)


def is_path(name: str) -> bool:
    """Whether the value is the path of a file; else it is a password, the text of a key or an address."""
    return name.endswith(("_FILE", "_PATH"))


def default_credential(warehouse: WarehouseSettings, is_set: Iterable[str]) -> str | None:
    """Returns which of the installation's credentials, of those that `is_set`, signs in at `warehouse`."""
    names = [name for name in DESTINATION_KINDS[warehouse.type].credentials if name in set(is_set)]
    return warehouse.credentials_secret if warehouse.credentials_secret in names else next(iter(names), None)


def receiver(warehouse: WarehouseSettings) -> tuple[str, str, int, str, str]:
    """Returns the receiver of a credential: type, host or account, port, database, project. Unlike
    `places.spelled_place`, where doubt makes two spellings one place, doubt makes two receivers here."""
    kind = DESTINATION_KINDS[warehouse.type]
    host = (warehouse.host or "").strip().lower().rstrip(".") or kind.host
    database = project = ""
    if kind.place == "project":
        project = (warehouse.project or "").lower()
    else:
        database = warehouse.database or ""
    return (
        kind.name,
        host.removesuffix(kind.domain),
        warehouse.port or kind.port,
        database.lower() if kind.folds_names else database,
        project,
    )
