-- depends_on: {{ source('salesforce', 'event_relation') }}

{{ staged('salesforce', 'event_relation', columns={'event_id': 'string', 'relation_id': 'string'}) }}
