-- depends_on: {{ source('servicenow', 'task') }}

{{ staged('servicenow', 'task') }}
