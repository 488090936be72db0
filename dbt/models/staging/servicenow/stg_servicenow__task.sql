-- depends_on: {{ source('servicenow', 'task') }}

{{ staged(
    'servicenow', 'task',
    columns=incident_columns(),
    fields=incident_fields(),
    references=['customer_account_id'],
) }}
