-- depends_on: {{ source('salesforce', 'user') }}

{{ staged('salesforce', 'user', columns={'id': 'string', 'name': 'string', 'email': 'string'}) }}
