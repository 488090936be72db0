"""Looks every hour whether Fivetran still delivers to our webhook, and has it made again if not."""

import dagster as dg

from kpi_platform.defs.resources import PlatformParam
from kpi_platform.domain.errors import KpiPlatformError
from kpi_platform.pipeline.fivetran_webhook import look_after_webhook

HOUR = 3600


@dg.sensor(
    minimum_interval_seconds=HOUR,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Has our webhook made again if Fivetran has switched it off. Without a webhook it asks "
    "nothing.",
)
def fivetran_webhook(context: dg.SensorEvaluationContext, platform: PlatformParam) -> dg.SkipReason:
    try:
        text = look_after_webhook(platform.configuration, platform.engine, lambda: platform.fivetran.api)
    except KpiPlatformError as error:
        return dg.SkipReason(str(error))
    if text is not None:
        context.log.warning(text)
    return dg.SkipReason(text or "All is well, or there is no webhook of ours.")
