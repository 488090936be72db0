"""The secrets that a customer's settings name: the one place that turns such a name into a value.

Messages are made from names. No message, log or file holds a value: code that hands one to a driver hides it
in the driver's messages (`hidden`).
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, quote_plus

from kpi_platform.configuration import Configuration
from kpi_platform.domain.destination_kinds import (
    DEFAULT_CREDENTIALS,
    DESTINATION_KINDS,
    KEY_PATH,
    PASSWORD,
)
from kpi_platform.domain.errors import MissingConfiguration, SecretNotAllowed
from kpi_platform.domain.secret_names import (
    default_credential,
    is_own,
    is_path,
    prefix_of,
    receiver,
)
from kpi_platform.domain.settings import WarehouseSettings, parse_settings

_LARGEST_FILE = 1 << 16


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that may be used. With `path` its value is the path of a file, else the secret itself."""

    name: str
    value: str = field(repr=False)
    path: bool

    def text(self) -> str:
        """Returns the secret itself, from its file if it is in one. Raises MissingConfiguration if that
        cannot be read."""
        if not self.path:
            return self.value
        try:
            with self.file().open(encoding="utf-8") as file:
                text = file.read(_LARGEST_FILE).strip("\r\n")
        except (OSError, ValueError):
            raise self._unusable("names a file that cannot be read") from None
        if not text or "\0" in text:
            raise self._unusable("names a file that holds no secret")
        return text

    def file(self) -> Path:
        """Returns the file of a `path`. Raises MissingConfiguration if there is none."""
        try:
            if Path(self.value).is_file():
                return Path(self.value)
        except (OSError, ValueError):
            pass
        raise self._unusable("names a file that is not there")

    def _unusable(self, what: str) -> MissingConfiguration:
        return MissingConfiguration(
            f"{self.name} {what}.",
            next_step=f"Set {self.name} to the path of a file that the process of kpi_platform may read.",
        )


@dataclass(frozen=True, slots=True)
class CustomerSecrets:
    """The secrets that the settings of one customer may name: its own secrets by their form, if
    `longer_keys` are the other customers whose keys begin with this one; those that the operator has
    `allowed`; and the installation's credentials at its default place. Values of `as_before` may be paths of
    files although their names do not say so. It holds no value: each is looked up when it is used."""

    configuration: Configuration = field(repr=False)
    customer: str
    longer_keys: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    as_before: frozenset[str] = frozenset()

    def secret(self, name: str) -> Secret:
        """Returns the secret `name`. Raises SecretNotAllowed if it is not this customer's, whatever its
        settings say, and MissingConfiguration if the variable is not set."""
        if not self.may_name(name):
            raise SecretNotAllowed(
                f"{name} is no secret of customer {self.customer}.",
                next_step=f"Name one that begins with {prefix_of(self.customer)}, or let the operator list "
                f"this one: kpi-platform secret allow {self.customer} {name}",
            )
        return self._resolved(name)

    def credential(self, warehouse: WarehouseSettings) -> Secret | None:
        """Returns the credential for `warehouse`: the secret that it names, or else the installation's own.
        None if the installation has none; the identity of the process itself may be used then. Raises what
        `secret` raises, and SecretNotAllowed if the installation's own do not belong to this place."""
        name = warehouse.credentials_secret
        if name is not None and name not in DEFAULT_CREDENTIALS:
            return self.secret(name)
        is_set = [one for one in DEFAULT_CREDENTIALS if self.configuration.get(one) is not None]
        found = default_credential(warehouse, is_set)
        if not self.may_sign_in_as_the_installation(warehouse):
            only_key = DESTINATION_KINDS[warehouse.type].credentials == (KEY_PATH,)
            usual = KEY_PATH if only_key else PASSWORD
            own = prefix_of(self.customer) + usual.removeprefix("WAREHOUSE_")
            raise SecretNotAllowed(
                f"The warehouse of customer {self.customer} is not the installation's default place, so it "
                "needs a secret of its own.",
                next_step=f"Set {own} where kpi_platform runs, and its name in "
                "warehouse.credentials_secret; or let the operator allow the installation's own there: "
                f"kpi-platform secret allow {self.customer} {found or usual}",
            )
        return None if found is None else self._resolved(found)

    def password(self, warehouse: WarehouseSettings) -> str:
        """Returns the password of `credential`. Raises MissingConfiguration if there is none."""
        found = self.credential(warehouse)
        return self._resolved(PASSWORD).text() if found is None else found.text()

    def may_name(self, name: str) -> bool:
        """Whether `name` is the customer's to use, wherever its settings send it."""
        if name in DEFAULT_CREDENTIALS:
            return False
        return name in self.allowed or is_own(name, self.customer, self.longer_keys)

    def may_sign_in_as_the_installation(self, warehouse: WarehouseSettings) -> bool:
        """Whether `warehouse` is the installation's default place, or the operator has allowed this customer
        to use the installation's credentials elsewhere."""
        if not self.allowed.isdisjoint(DEFAULT_CREDENTIALS):
            return True
        return receiver(warehouse) == receiver(default_warehouse(self.configuration))

    def _resolved(self, name: str) -> Secret:
        found = resolved(self.configuration, name)
        return replace(found, path=True) if name in self.as_before and _is_file(found.value) else found


def resolved(configuration: Configuration, name: str) -> Secret:
    """Returns the secret `name` for the operator, who may name any. Raises MissingConfiguration if it is not
    set."""
    return Secret(name, configuration.secret(name), is_path(name))


def hidden(message: str, *values: str | None) -> str:
    """Returns `message` without the secrets `values`, as they are or as an address spells them."""
    spellings = {form(value) for value in values if value for form in (str, quote, quote_plus, _escaped)}
    for spelling in sorted(spellings, key=len, reverse=True):
        message = message.replace(spelling, "***")
    return message


def unless_it_tells(cause: BaseException | None, *values: str | None) -> BaseException | None:
    """Returns `cause`, to raise an error from; None if it, or what led to it, holds one of the secrets
    `values`."""
    link: BaseException | None = cause
    while link is not None:
        told = f"{link} {link.args!r}"
        if hidden(told, *values) != told:
            return None
        link = link.__cause__ or link.__context__
    return cause


def default_warehouse(configuration: Configuration) -> WarehouseSettings:
    """Returns the installation's default place, as the operator's environment names it."""
    variables = configuration.environment.items()
    return _default_warehouse(frozenset(one for one in variables if one[0].startswith("WAREHOUSE_")))


@lru_cache(maxsize=16)
def _default_warehouse(environment: frozenset[tuple[str, str]]) -> WarehouseSettings:
    return parse_settings({}, environment=dict(environment), single_customer=False).warehouse


def _escaped(value: str) -> str:
    return repr(value)[1:-1]


def _is_file(value: str) -> bool:
    try:
        return Path(value).is_file()
    except (OSError, ValueError):
        return False
