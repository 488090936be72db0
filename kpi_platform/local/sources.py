"""The sample source that a connection reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from kpi_platform.domain.errors import InvalidInput
from kpi_platform.local.samples.deletions import WithDeletions
from kpi_platform.local.samples.profiles import Profile, profile_of
from kpi_platform.local.samples.salesforce import SalesforceSample
from kpi_platform.local.samples.servicenow import ServiceNowSample
from kpi_platform.local.samples.source import Source, instant
from kpi_platform.local.state import StoredConnection


@dataclass(frozen=True, slots=True)
class Service:
    """A Fivetran service with sample rows. `kind` is Fivetran's word for what it is. `schema` is the name of
    its one schema in the schema configuration; None: the schema that it lands in."""

    title: str
    kind: str
    sample: Callable[[Profile, int], Source]
    schema: str | None = None


SERVICES: Mapping[str, Service] = {
    "salesforce": Service("Salesforce", "Sales", SalesforceSample, schema="salesforce"),
    "salesforce_sandbox": Service("Salesforce Sandbox", "Sales", SalesforceSample, schema="salesforce"),
    "servicenow": Service("ServiceNow", "Support", ServiceNowSample),
}


def source_of(connection: StoredConnection, day: int) -> Source:
    """Returns the source behind a connection; `day` is the installation's. Raises InvalidInput for a service
    that the local Fivetran does not know."""
    if connection.service not in SERVICES:
        raise InvalidInput(
            f"The local Fivetran has no sample source for the service '{connection.service}'.",
            next_step=f"Use one of: {', '.join(SERVICES)}.",
        )
    profile = profile_of(connection.config.get("sample") or {}, connection.schema_name)
    deletions = {
        table: {key: instant(at) for key, at in rows.items()} for table, rows in connection.deleted.items()
    }
    return WithDeletions(_source(connection.service, profile, day), deletions)


@lru_cache(maxsize=64)
def _source(service: str, profile: Profile, day: int) -> Source:
    return SERVICES[service].sample(profile, day)
