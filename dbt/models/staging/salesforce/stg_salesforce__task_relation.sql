-- depends_on: {{ source('salesforce', 'task_relation') }}

{{ staged('salesforce', 'task_relation', columns={'task_id': 'string', 'relation_id': 'string'}) }}
