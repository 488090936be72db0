-- depends_on: {{ source('salesforce', 'asset') }}

{{ staged('salesforce', 'asset') }}
