"""The code location."""

from kpi_platform.configuration import Configuration
from kpi_platform.defs.location import definitions

defs = definitions(Configuration.from_environment())
