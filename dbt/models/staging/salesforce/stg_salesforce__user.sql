-- depends_on: {{ source('salesforce', 'user') }}

{{ staged('salesforce', 'user', columns={'name': 'string', 'email': 'string'}) }}
