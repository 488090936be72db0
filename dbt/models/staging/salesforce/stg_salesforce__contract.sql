-- depends_on: {{ source('salesforce', 'contract') }}

{{ staged('salesforce', 'contract') }}
