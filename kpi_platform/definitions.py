"""The code location."""

from kpi_platform.configuration import Configuration
from kpi_platform.defs.location import definitions
from kpi_platform.logs import configure_logs
from kpi_platform.process import collect_rarely

collect_rarely()
configuration = Configuration.from_environment()
if configuration.get("KPI_LOG_FORMAT"):
    configure_logs(configuration, "kpi_platform")
defs = definitions(configuration)
