-- depends_on: {{ source('salesforce', 'dated_conversion_rate') }}

{{ staged(
    'salesforce', 'dated_conversion_rate',
    columns={
        'iso_code': 'string',
        'start_date': 'date',
        'next_start_date': 'date',
        'conversion_rate': 'exact',
    },
) }}
