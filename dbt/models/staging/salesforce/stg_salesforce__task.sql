-- depends_on: {{ source('salesforce', 'task') }}

{{ staged(
    'salesforce', 'task',
    columns={
        'who_id': 'string',
        'status': 'string',
        'task_subtype': 'string',
        'is_closed': 'boolean',
        'completed_date_time': 'timestamp',
        'activity_date': 'date',
        'created_date': 'timestamp',
    },
) }}
