-- depends_on: {{ source('salesforce', 'case') }}

{{ staged(
    'salesforce', 'case',
    columns={'account_id': 'string', 'created_date': 'timestamp'},
    fields={'satisfaction_rating': 'exact'},
) }}
