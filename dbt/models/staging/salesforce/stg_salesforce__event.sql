-- depends_on: {{ source('salesforce', 'event') }}

{{ staged(
    'salesforce', 'event',
    columns={'id': 'string', 'who_id': 'string', 'end_date_time': 'timestamp'},
) }}
