-- depends_on: {{ source('salesforce', 'task') }}

{{ staged('salesforce', 'task') }}
