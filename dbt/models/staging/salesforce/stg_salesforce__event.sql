-- depends_on: {{ source('salesforce', 'event') }}

{{ staged('salesforce', 'event') }}
