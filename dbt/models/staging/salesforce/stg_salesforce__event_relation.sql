-- depends_on: {{ source('salesforce', 'event_relation') }}

{{ staged('salesforce', 'event_relation') }}
