-- depends_on: {{ source('servicenow', 'incident') }}

{{ staged('servicenow', 'incident') }}
