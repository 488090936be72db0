-- depends_on: {{ source('servicenow', 'contract_sla') }}

{{ staged('servicenow', 'contract_sla') }}
