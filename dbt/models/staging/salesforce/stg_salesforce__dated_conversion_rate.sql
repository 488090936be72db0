-- depends_on: {{ source('salesforce', 'dated_conversion_rate') }}

{{ staged('salesforce', 'dated_conversion_rate') }}
