-- depends_on: {{ source('salesforce', 'contact') }}

{{ staged('salesforce', 'contact') }}
