-- depends_on: {{ source('servicenow', 'core_company') }}

{{ staged('servicenow', 'core_company') }}
