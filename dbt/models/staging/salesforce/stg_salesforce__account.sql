-- depends_on: {{ source('salesforce', 'account') }}

{{ staged('salesforce', 'account') }}
