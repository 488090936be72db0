"""The sensor that sends digests, and the alerts that a receiver did not take or the limit held back."""

import dagster as dg

from kpi_platform.dashboard.alerts import customers_to_tell
from kpi_platform.dashboard.customers import list_customers
from kpi_platform.dashboard.database import reading
from kpi_platform.defs.resources import PlatformParam
from kpi_platform.pipeline.alerts import tell_again
from kpi_platform.pipeline.digests import send_due_digests

DIGEST_SECONDS = 60


@dg.sensor(
    minimum_interval_seconds=DIGEST_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends the digests that are due, each once, and the alerts that were not taken so far.",
)
def digests(_context: dg.SensorEvaluationContext, platform: PlatformParam) -> dg.SkipReason:
    """Sends, and never starts a run."""
    with reading(platform.engine) as connection:
        customers = [one.key for one in list_customers(connection)]
        untold = customers_to_tell(connection)
    settings = platform.settings(customers)
    sent = send_due_digests(platform.configuration, platform.engine, settings)
    for customer in untold & settings.keys():
        sent += tell_again(platform.configuration, platform.engine, customer, settings[customer])
    return dg.SkipReason(f"{sent} messages were sent." if sent else "Nothing is due.")
