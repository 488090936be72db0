-- depends_on: {{ source('salesforce', 'case') }}

{{ staged('salesforce', 'case') }}
