-- depends_on: {{ source('salesforce', 'contact') }}

{{ staged('salesforce', 'contact', columns={'account_id': 'string', 'title': 'string', 'email': 'string'}) }}
