from typing import Any

import pytest

from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.settings import CustomerSettings, parse_settings
from kpi_platform.pipeline.custom_kpis import require_computable
from kpi_platform_tests.pipeline.landing import ACCOUNT, CASE, land


def settings(**kpi: Any) -> CustomerSettings:
    definition = {
        "name": "K",
        "slug": "k",
        "source": "salesforce",
        "table": "case",
        "aggregate": "count",
        **kpi,
    }
    return parse_settings({"servicenow": {"enabled": False}, "custom_kpis": [definition]})


def test_a_definition_is_checked_against_what_landed(configuration: Configuration) -> None:
    land(configuration.warehouse_file, "salesforce_crm", {"account": (ACCOUNT, []), "Case": (CASE, [])})
    require_computable(configuration, "acme", settings(aggregate="avg", field="Satisfaction_Rating__c"))
    require_computable(configuration, "acme", settings(table="event"))
    wrong = settings(filters=[{"or": [{"field": "CreatedDate", "operator": "ge", "value": "soon"}]}])
    with pytest.raises(InvalidSettings) as caught:
        require_computable(configuration, "acme", wrong)
    assert [error["field"] for error in caught.value.details["errors"]] == [
        "custom_kpis.0.filters.0.or.0.value"
    ]
    with pytest.raises(InvalidSettings, match="no column Rating__c"):
        require_computable(configuration, "acme", settings(aggregate="avg", field="Rating__c"))


def test_a_source_that_has_not_landed_yet_refuses_nothing(configuration: Configuration) -> None:
    require_computable(configuration, "acme", settings(aggregate="avg", field="Rating__c"))
