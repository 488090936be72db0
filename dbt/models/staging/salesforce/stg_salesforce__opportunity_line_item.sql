-- depends_on: {{ source('salesforce', 'opportunity_line_item') }}

{{ staged('salesforce', 'opportunity_line_item') }}
