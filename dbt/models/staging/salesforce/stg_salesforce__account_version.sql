-- depends_on: {{ source('salesforce', 'account') }}

{{ staged_versions('salesforce', 'account') }}
