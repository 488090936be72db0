-- depends_on: {{ source('salesforce', 'opportunity') }}

{{ staged('salesforce', 'opportunity') }}
