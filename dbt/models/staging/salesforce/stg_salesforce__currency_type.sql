-- depends_on: {{ source('salesforce', 'currency_type') }}

{{ staged('salesforce', 'currency_type', columns={'iso_code': 'string', 'conversion_rate': 'exact', 'is_corporate': 'boolean'}) }}
