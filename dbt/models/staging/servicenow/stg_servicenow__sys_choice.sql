-- depends_on: {{ source('servicenow', 'sys_choice') }}

{{ staged('servicenow', 'sys_choice') }}
