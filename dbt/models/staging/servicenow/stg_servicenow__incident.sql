-- depends_on: {{ source('servicenow', 'incident') }}

{{ staged(
    'servicenow', 'incident',
    columns=incident_columns(),
    fields=incident_fields(),
    references=['customer_account_id'],
) }}
