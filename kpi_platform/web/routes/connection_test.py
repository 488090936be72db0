"""Testing the connection to the warehouse."""

from fastapi import APIRouter, Depends

from kpi_platform.dashboard.database import reading
from kpi_platform.domain.settings import parse_settings, paths_beyond, require_none
from kpi_platform.pipeline.connection_test import test_connection
from kpi_platform.pipeline.customer_settings import customer_secrets, effective_settings
from kpi_platform.web.dependencies import (
    ConfigurationDep,
    CurrentPrincipal,
    CustomerDep,
    EngineDep,
    HeavyTurnsDep,
    require_scope,
)
from kpi_platform.web.schemas.connection_test import ConnectionTestAnswer, ConnectionTestBody, StepAnswer

router = APIRouter(prefix="/fivetran", tags=["settings"])


@router.post("/test-connection", dependencies=[Depends(require_scope("write"))])
def test_warehouse(
    configuration: ConfigurationDep,
    engine: EngineDep,
    customer: CustomerDep,
    principal: CurrentPrincipal,
    turns: HeavyTurnsDep,
    body: ConnectionTestBody | None = None,
) -> ConnectionTestAnswer:
    """Try the way from the host's name to the first row, step by step, for at most 15 seconds. Only hosts
    that the operator allows are reached, and only the operator may test another connection than the saved."""
    with reading(engine) as connection:
        settings = effective_settings(configuration, connection, customer)
        secrets = customer_secrets(configuration, connection, customer)
    if body is not None and body.warehouse is not None:
        document = settings.document()
        settings = parse_settings(
            {**document, "warehouse": {**document["warehouse"], **body.warehouse}},
            environment=configuration.environment,
            single_customer=False,
        )
        require_none(paths_beyond(principal.editor, document, settings.document()))
    with turns.take(customer):
        steps = [
            StepAnswer.model_validate(step) for step in test_connection(configuration, settings, secrets)
        ]
    return ConnectionTestAnswer(ok=all(step.ok for step in steps), steps=steps)
