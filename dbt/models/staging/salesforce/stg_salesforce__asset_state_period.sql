-- depends_on: {{ source('salesforce', 'asset_state_period') }}

{{ staged('salesforce', 'asset_state_period') }}
