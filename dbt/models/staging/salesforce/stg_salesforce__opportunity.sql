-- depends_on: {{ source('salesforce', 'opportunity') }}

{{ staged(
    'salesforce', 'opportunity',
    columns={
        'account_id': 'string',
        'amount': 'exact',
        'currency_iso_code': 'string',
        'opportunity_type': ['type', 'string'],
        'is_won': 'boolean',
        'close_date': 'date',
    },
) }}
