-- depends_on: {{ source('salesforce', 'user') }}

{{ staged('salesforce', 'user') }}
