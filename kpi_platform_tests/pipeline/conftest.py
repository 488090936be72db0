import pytest
import sqlalchemy as sa

from kpi_platform.configuration import Configuration
from kpi_platform_tests.pipeline.desk import Desk


@pytest.fixture
def desk(configuration: Configuration, any_dashboard_engine: sa.Engine) -> Desk:
    return Desk(configuration, any_dashboard_engine)
