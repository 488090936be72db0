"""The calls of Airflow's hook of Fivetran, run by the interpreter of an environment that has it.

    python airflow_calls.py http://127.0.0.1:8799 umbra_salesforce

Prints one JSON object: what each call of the hook returned.
"""

import asyncio
import json
import os
import sys
from urllib.parse import urlsplit

url, connection_id = sys.argv[1:]
os.environ["AIRFLOW_CONN_FIVETRAN_DEFAULT"] = json.dumps(
    {"conn_type": "fivetran", "login": "local", "password": "local"}
)

from fivetran_provider_async.hooks import FivetranHook, FivetranHookAsync  # noqa: E402


class LocalHook(FivetranHook):
    api_protocol, api_host = "http", urlsplit(url).netloc


class LocalHookAsync(FivetranHookAsync):
    api_protocol, api_host = "http", urlsplit(url).netloc


hook = LocalHook(retry_limit=1)
said = {
    "test_connection": hook.test_connection(),
    "groups": [group["id"] for group in hook.get_groups()],
    "destination": hook.get_destinations("local")["service"],
    "connections": sorted(connection["id"] for connection in hook.get_connectors("local")),
    "connection_id": hook.get_connector_id(connection_id, "local"),
    "setup_state": hook.check_connector(connection_id)["status"]["setup_state"],
    "setup_tests": hook.test_connector(connection_id)["setup_tests"],
}
hook.prep_connector(connection_id, "manual")
before = hook.start_fivetran_sync(connection_id)
asynchronous = LocalHookAsync(retry_limit=1)


async def settled() -> str:
    while True:
        state = await asynchronous.get_sync_status_async(connection_id, hook._parse_timestamp(before))
        if state != "pending":
            return str(state)
        await asyncio.sleep(0.1)


said["sync"] = asyncio.run(settled())
said["last_sync"] = str(hook.get_last_sync(connection_id))
said["schemas"] = list(hook.get_connector_schemas(connection_id)["schemas"])
hook.start_fivetran_sync(connection_id, mode="resync", payload={"scope": {"salesforce": ["opportunity"]}})
print(json.dumps(said))
