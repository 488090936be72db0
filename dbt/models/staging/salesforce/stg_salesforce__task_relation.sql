-- depends_on: {{ source('salesforce', 'task_relation') }}

{{ staged('salesforce', 'task_relation') }}
