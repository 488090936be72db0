-- depends_on: {{ source('salesforce', 'currency_type') }}

{{ staged('salesforce', 'currency_type') }}
