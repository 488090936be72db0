-- depends_on: {{ source('servicenow', 'core_company') }}

{{ staged('servicenow', 'core_company', columns={'sys_id': 'string', 'name': 'string'}) }}
