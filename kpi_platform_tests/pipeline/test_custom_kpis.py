from typing import Any

import pytest
import sqlalchemy as sa

from kpi_platform.adapters.secrets import CustomerSecrets
from kpi_platform.configuration import Configuration
from kpi_platform.domain.errors import InvalidSettings
from kpi_platform.domain.settings import CustomerSettings, parse_settings
from kpi_platform.pipeline.change_settings import change_settings
from kpi_platform.pipeline.custom_kpis import require_computable
from kpi_platform_tests.editors import OPERATOR
from kpi_platform_tests.pipeline.landing import ACCOUNT, CASE, land
from kpi_platform_tests.pipeline.uncomputable import COMPUTABLE, UNCOMPUTABLE, land_cases


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


def computable(configuration: Configuration, settings: CustomerSettings) -> None:
    require_computable(configuration, settings, CustomerSecrets(configuration, "acme"))


def test_a_definition_is_checked_against_what_landed(configuration: Configuration) -> None:
    land(configuration.warehouse_file, "salesforce_crm", {"account": (ACCOUNT, []), "Case": (CASE, [])})
    computable(configuration, settings(aggregate="avg", field="Satisfaction_Rating__c"))
    computable(configuration, settings(table="event"))
    wrong = settings(filters=[{"or": [{"field": "CreatedDate", "operator": "ge", "value": "soon"}]}])
    with pytest.raises(InvalidSettings) as caught:
        computable(configuration, wrong)
    assert [error["field"] for error in caught.value.details["errors"]] == [
        "custom_kpis.0.filters.0.or.0.value"
    ]
    with pytest.raises(InvalidSettings, match="no column Rating__c"):
        computable(configuration, settings(aggregate="avg", field="Rating__c"))


@pytest.mark.parametrize("what", UNCOMPUTABLE)
def test_a_definition_that_cannot_be_computed_is_refused_at_its_field(
    configuration: Configuration, what: str
) -> None:
    land_cases(configuration.warehouse_file, "salesforce_crm")
    computable(configuration, settings(**COMPUTABLE))
    change, path = UNCOMPUTABLE[what]
    with pytest.raises(InvalidSettings) as caught:
        computable(configuration, settings(**COMPUTABLE | change))
    assert [error["field"] for error in caught.value.details["errors"]] == [f"custom_kpis.0.{path}"]


def test_a_source_that_has_not_landed_yet_refuses_nothing(configuration: Configuration) -> None:
    computable(configuration, settings(aggregate="avg", field="Rating__c"))


def test_settings_with_a_custom_kpi_that_cannot_be_computed_are_not_saved(
    configuration: Configuration, sqlite_engine: sa.Engine
) -> None:
    land(configuration.warehouse_file, "acme_sf", {"account": (ACCOUNT, []), "case": (CASE, [])})
    document = {
        "salesforce": {"schema": "acme_sf"},
        "servicenow": {"enabled": False},
        "custom_kpis": [
            {
                "name": "Rated cases",
                "slug": "rated_cases",
                "source": "salesforce",
                "table": "case",
                "aggregate": "avg",
                "field": "Rating__c",
            }
        ],
    }
    with pytest.raises(InvalidSettings, match=r"custom_kpis\.0\.field: .*no column Rating__c"):
        change_settings(
            configuration, sqlite_engine, "acme", document, by=OPERATOR, add_as="Acme", apply=False
        )
    document["custom_kpis"][0]["field"] = "satisfaction_rating__c"  # type: ignore[index]
    saved = change_settings(
        configuration, sqlite_engine, "acme", document, by=OPERATOR, add_as="Acme", apply=False
    )
    assert [kpi.slug for kpi in saved.settings.custom_kpis] == ["rated_cases"]
