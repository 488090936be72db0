"""How a connection spells its source's names in the destination."""

from kpi_platform.domain.landed import landed_name
from kpi_platform.local.samples.profiles import Naming


def name_in_destination(name: str, naming: Naming) -> str:
    """Makes `annual_revenue` of `AnnualRevenue`; unchanged if the connection keeps the source's naming."""
    return name if naming == "SOURCE_NAMING" else landed_name(name)
