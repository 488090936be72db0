"""The code location."""

from kpi_platform.adapters.private_home import keep_private
from kpi_platform.configuration import Configuration
from kpi_platform.logs import configure_logs
from kpi_platform.process import tune_memory

tune_memory()
# Imports DuckDB, which reads the settings of memory once, when it is imported.
from kpi_platform.defs.location import definitions  # noqa: E402

configuration = Configuration.from_environment()
keep_private(configuration)
if configuration.get("KPI_LOG_FORMAT"):
    configure_logs(configuration, "kpi_platform")
defs = definitions(configuration)
