"""The diagnoses of `kpi-platform doctor` about addresses that settings name, and schemas that two customers
have claimed."""

from collections.abc import Iterator

from kpi_platform.cli.doctor_checks import Diagnosis
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import KpiPlatformError


def addresses(configuration: Configuration) -> Iterator[Diagnosis]:
    """Yields hosts that the operator has not allowed: connections to them are refused."""
    from kpi_platform.adapters.alerts import require_allowed
    from kpi_platform.adapters.destination.open import open_destination
    from kpi_platform.adapters.door import ALLOWED_HOSTS_VARIABLE, HostNotAllowed
    from kpi_platform.cli.dashboard import dashboard
    from kpi_platform.dashboard.customers import list_customers
    from kpi_platform.pipeline.customer_settings import customer_secrets, effective_settings

    refused = 0
    with dashboard(configuration) as engine, engine.connect() as connection:
        for customer in list_customers(connection):
            name = f"addresses of {customer.key}"
            try:
                settings = effective_settings(configuration, connection, customer.key)
                secrets = customer_secrets(configuration, connection, customer.key)
                require_allowed(configuration, settings.alerts, secrets)
                open_destination(configuration, settings.warehouse, secrets)
            except HostNotAllowed as error:
                refused += 1
                add = f"Add it to {ALLOWED_HOSTS_VARIABLE} if this customer is to reach it, and start again."
                yield Diagnosis(name, "failed", error.message, add)
            except KpiPlatformError:
                # Other checks look at settings and secrets.
                continue
    if not refused:
        yield Diagnosis("addresses", "ok", "the operator allows every host that settings name")


def claims(configuration: Configuration) -> Iterator[Diagnosis]:
    """Yields connections and raw schemas that two customers have claimed."""
    from kpi_platform.cli.dashboard import dashboard
    from kpi_platform.dashboard.claims import claimed_twice
    from kpi_platform.domain.claims import ERASED

    with dashboard(configuration) as engine, engine.connect() as connection:
        twice = claimed_twice(connection)
    for one in twice:
        what = "connection" if one.kind == "connection" else "raw schema"
        owner, place = one.owner or ERASED, one.place or "Fivetran"
        yield Diagnosis(
            "claimed twice", "failed",
            f"the {what} '{one.name}' ({place}) belongs to {owner}; {one.customer} came later, "
            "and its runs are refused",
            f"Give one of the two a {what} of its own, or erase the data of {owner}.",
        )  # fmt: skip
    if not twice:
        yield Diagnosis("claims", "ok", "each connection and raw schema has one owner")
