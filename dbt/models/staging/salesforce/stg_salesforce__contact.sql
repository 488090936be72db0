-- depends_on: {{ source('salesforce', 'contact') }}

{{ staged('salesforce', 'contact', columns={'id': 'string', 'account_id': 'string', 'title': 'string'}) }}
