-- depends_on: {{ source('servicenow', 'contract_sla') }}

{{ staged('servicenow', 'contract_sla', columns={'target': 'string', 'contract_type': ['type', 'string']}) }}
