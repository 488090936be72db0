"""How Fivetran spells a source's names in a destination."""

import re

from kpi_platform.local.samples.profiles import Naming


def landed_name(name: str, naming: Naming) -> str:
    """`AnnualRevenue` → `annual_revenue`, `NPS_Score__c` → `nps_score_c`, `Product2` → `product_2`.

    Unchanged where the connection keeps the source's naming."""
    if naming == "SOURCE_NAMING" or name.startswith("_fivetran"):
        return name
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z])(?=[0-9])", "_", name)
    return re.sub(r"_+", "_", spaced).strip("_").lower()
