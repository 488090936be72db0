"""A link for the owner of a source, who signs in on Fivetran's page."""

from contextlib import closing

import sqlalchemy as sa

from kpi_platform.adapters.fivetran import open_fivetran
from kpi_platform.configuration import Configuration
from kpi_platform.dashboard.audit import record_event
from kpi_platform.dashboard.database import reading
from kpi_platform.domain.errors import Conflict, InvalidInput
from kpi_platform.domain.sources import SOURCE_SYSTEMS, Source
from kpi_platform.pipeline.customer_settings import effective_settings


def set_up_link(
    configuration: Configuration,
    engine: sa.Engine,
    customer: str,
    source: Source,
    *,
    who: str,
    redirect_uri: str,
) -> str:
    """Returns a new page of Fivetran's on which the owner of the source signs in, for a day; a link that was
    made before ends. Raises InvalidInput if the source has no connection, and Conflict if it is set up."""
    with reading(engine) as connection:
        settings = effective_settings(configuration, connection, customer)
    connection_id = settings.source(source).connection_id
    title = SOURCE_SYSTEMS[source].title
    if connection_id is None:
        raise InvalidInput(
            f"{title} of '{customer}' is not connected.", next_step="Connect it in the settings first."
        )
    with closing(open_fivetran(configuration)) as api:
        if api.connection(connection_id).setup_state == "connected":
            raise Conflict(
                f"{title} of '{customer}' is set up already.",
                next_step="Change its sign-in in Fivetran, if the source wants another one.",
            )
        link = api.connect_card(connection_id, redirect_uri=redirect_uri)
    with engine.begin() as connection:
        record_event(
            connection, who=who, action="connection.set_up_link", target=connection_id, customer=customer
        )
    return link
