-- depends_on: {{ source('servicenow', 'task_sla') }}

{{ staged(
    'servicenow', 'task_sla',
    columns={
        'task_value': 'string',
        'sla_value': 'string',
        'stage': 'string',
        'has_breached': 'boolean',
        'end_time': 'timestamp',
        'planned_end_time': 'timestamp',
        'start_time': 'timestamp',
        'business_microseconds': ['business_duration', 'duration'],
    },
) }}
