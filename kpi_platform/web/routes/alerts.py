"""Sending a test alert."""

from fastapi import APIRouter, Depends

from kpi_platform.pipeline.alerts import send_test
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    CustomerDep,
    EngineDep,
    HeavyTurnsDep,
    require_scope,
)
from kpi_platform.web.schemas.alerts import AlertTestAnswer, TestedChannelAnswer

router = APIRouter(prefix="/alerts", tags=["settings"])


@router.post("/test", dependencies=[Depends(require_scope("write"))])
def test_alerts(
    configuration: ConfigurationDep, engine: EngineDep, customer: CustomerDep, turns: HeavyTurnsDep
) -> AlertTestAnswer:
    """Send a test alert to every receiver that the saved settings name, at most 20 times an hour."""
    with turns.take(customer):
        tested = send_test(configuration, engine, customer)
    channels = [
        TestedChannelAnswer(
            channel=one.channel, ok=one.error is None, error=str(one.error) if one.error else None
        )
        for one in tested
    ]
    return AlertTestAnswer(ok=all(one.ok for one in channels), channels=channels)
