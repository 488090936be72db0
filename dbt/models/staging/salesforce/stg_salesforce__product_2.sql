-- depends_on: {{ source('salesforce', 'product_2') }}

{{ staged('salesforce', 'product_2') }}
