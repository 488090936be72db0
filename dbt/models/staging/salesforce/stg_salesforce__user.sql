-- depends_on: {{ source('salesforce', 'user') }}

{{ staged('salesforce', 'user', columns=landed_account_columns('user')) }}
