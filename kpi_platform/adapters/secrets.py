"""The secrets that a customer's settings name: the one place that turns such a name into a value."""

from dataclasses import dataclass, field

from kpi_platform.configuration import Configuration


@dataclass(frozen=True, slots=True)
class CustomerSecrets:
    """What the settings of one customer may name. It holds no value: each is looked up when it is used."""

    configuration: Configuration = field(repr=False)
    customer: str

    def value(self, name: str) -> str:
        """The value of the secret `name`. MissingConfiguration where the variable is not set."""
        return self.configuration.secret(name)
