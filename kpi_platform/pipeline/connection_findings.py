"""Findings about a customer's connection in one answer of Fivetran's, for doctor and the status page."""

from kpi_platform.adapters.fivetran_connection import Connection
from kpi_platform.domain.settings import CustomerSettings
from kpi_platform.domain.sources import SOURCE_SYSTEMS, Source
from kpi_platform.pipeline.apply_settings import wanted_of


def connection_findings(
    settings: CustomerSettings, source: Source, connection: Connection | None
) -> list[str]:
    """Returns what is wrong with the connection that the settings name for `source`, each with the way to
    repair it; None is one that Fivetran does not list. Empty if nothing is wrong."""
    wanted = wanted_of(settings, source)
    if wanted is None:
        return []
    if connection is None:
        return [
            f"Fivetran knows no connection '{wanted.connection_id}', or our key may not see it: "
            f"correct {source}.connection_id, or give the key's role the right."
        ]
    findings: list[str] = []
    if connection.service not in SOURCE_SYSTEMS[source].services:
        findings.append(
            f"'{connection.id}' syncs {connection.service or 'an unnamed service'}, not {source}: "
            f"correct {source}.connection_id."
        )
    tasks = f" ({'; '.join(connection.tasks)})" if connection.tasks else ""
    if connection.setup_state == "incomplete":
        findings.append(
            f"'{connection.id}' is not set up yet{tasks}: its owner signs in at {connection.url}."
        )
    elif connection.setup_state == "broken":
        findings.append(f"'{connection.id}' is broken{tasks}: mend it at {connection.url}, then sync.")
    if connection.paused and not wanted.paused:
        findings.append(f"'{connection.id}' is paused in Fivetran: resume it at {connection.url}.")
    if connection.schedule_type != wanted.schedule_type and not _is_held(connection):
        findings.append(
            f"The schedule of '{connection.id}' is {connection.schedule_type} in Fivetran and "
            f"{wanted.schedule_type} by the settings: save the settings of {source} again."
        )
    schema = settings.source(source).schema_
    if connection.schema.casefold() != schema.casefold():
        findings.append(
            f"'{connection.id}' lands in schema '{connection.schema}', the settings read '{schema}': "
            f"correct {source}.schema."
        )
    return findings


def _is_held(connection: Connection) -> bool:
    """Whether it is kept from starting its first sync by itself, until its tables are switched."""
    return connection.succeeded_at is None and connection.schedule_type == "manual"
