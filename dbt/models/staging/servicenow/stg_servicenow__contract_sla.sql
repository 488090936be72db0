-- depends_on: {{ source('servicenow', 'contract_sla') }}

{{ staged('servicenow', 'contract_sla', columns={'sys_id': 'string', 'target': 'string', 'type': 'string'}) }}
