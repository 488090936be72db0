-- depends_on: {{ source('servicenow', 'task_sla') }}

{{ staged('servicenow', 'task_sla') }}
