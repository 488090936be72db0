"""The calls of the stock FivetranWorkspace of dagster-fivetran, in an environment of its own.

    python dagster_calls.py http://127.0.0.1:8799 umbra_salesforce

Only the base URL is overridden. Prints one JSON object.
"""

import json
import sys

import dagster as dg
from dagster_fivetran import FivetranWorkspace, build_fivetran_assets_definitions
from dagster_fivetran.resources import FivetranClient

url, connection_id = sys.argv[1:]


class LocalClient(FivetranClient):
    @property
    def api_base_url(self) -> str:
        return f"{url}/v1"


class LocalWorkspace(FivetranWorkspace):
    def get_client(self) -> FivetranClient:
        return LocalClient(
            api_key=self.api_key,
            api_secret=self.api_secret,
            request_max_retries=0,
            request_retry_delay=0,
            request_backoff_factor=1,
            disable_schedule_on_trigger=self.disable_schedule_on_trigger,
        )


workspace = LocalWorkspace(account_id="local", api_key="local", api_secret="local")
client = workspace.get_client()
definitions = [
    definition
    for definition in build_fivetran_assets_definitions(workspace=workspace)
    if connection_id in str(definition.op.name)
]
(assets,) = definitions
run = dg.materialize([assets], resources={"fivetran": workspace}, raise_on_error=False)
print(
    json.dumps(
        {
            "groups": [group["id"] for group in client.get_groups()["items"]],
            "success": run.success,
            "materialized": sorted(
                event.asset_key.to_user_string() for event in run.get_asset_materialization_events()
            ),
            "schedule_type": client.get_connector_details(connection_id)["schedule_type"],
        }
    )
)
