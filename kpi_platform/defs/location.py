"""The assets, jobs, schedules and sensors of this folder, put together."""

from datetime import timedelta

import dagster as dg
from dagster_dbt import get_asset_key_for_model

from kpi_platform.adapters.dbt import manifest_path
from kpi_platform.configuration import Configuration
from kpi_platform.defs.checks import FRESHNESS_CHECKS
from kpi_platform.defs.dashboard import dashboard_load
from kpi_platform.defs.dbt import kpi_marts
from kpi_platform.defs.digest_sensor import digests
from kpi_platform.defs.fivetran import FIVETRAN_ASSETS
from kpi_platform.defs.jobs import EXECUTOR, JOBS
from kpi_platform.defs.matching import account_matches
from kpi_platform.defs.request_sensors import request_sensors
from kpi_platform.defs.resources import platform_resource
from kpi_platform.defs.schedules import SCHEDULES
from kpi_platform.defs.sensors import platform_sensors
from kpi_platform.defs.web_links import with_links
from kpi_platform.defs.webhook_sensor import fivetran_webhook
from kpi_platform.domain.refresh import SETTLE


def definitions(configuration: Configuration) -> dg.Definitions:
    """Returns all definitions. Reads nothing but the dbt project's manifest."""
    marts = kpi_marts(manifest_path(configuration))
    values, accounts, health = (
        get_asset_key_for_model([marts], model)
        for model in ("kpi_values", "kpi_integrated_metrics", "account_health_score")
    )
    matches = account_matches(accounts)
    load = dashboard_load(values, accounts, health, matches.key)
    interval = int(configuration.get("KPI_SENSOR_SECONDS") or 30)
    settle = configuration.get("KPI_REFRESH_SETTLE_SECONDS")
    return dg.Definitions(
        assets=with_links(configuration, [*FIVETRAN_ASSETS, marts, matches, load]),
        asset_checks=FRESHNESS_CHECKS,
        jobs=JOBS,
        schedules=SCHEDULES,
        sensors=[
            *platform_sensors(interval, timedelta(seconds=float(settle)) if settle else SETTLE),
            fivetran_webhook,
            digests,
            *request_sensors(interval, [*marts.keys, matches.key, load.key]),
        ],
        resources={"platform": platform_resource(configuration)},
        executor=EXECUTOR,
    )
