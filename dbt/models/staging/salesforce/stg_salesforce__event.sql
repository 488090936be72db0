-- depends_on: {{ source('salesforce', 'event') }}

{{ staged(
    'salesforce', 'event',
    columns={'who_id': 'string', 'end_date_time': 'timestamp'},
) }}
