{% macro servicenow_columns() %}
    {#- What is read of each table: canonical name → kind, or landed name and kind; and of the fields of the settings. What
        incidents have in common with other tasks may stand in `incident` or in the class table `task`. -#}
    {%- set incident = {
        'columns': {
            'opened_at': 'timestamp',
            'resolved_at': 'timestamp',
            'closed_at': 'timestamp',
            'business_stc': 'seconds',
            'reopened_time': 'timestamp',
            'state_code': ['state', 'choice'],
            'state': 'state',
            'incident_state_code': ['incident_state', 'choice'],
            'incident_state': 'state',
            'priority_code': ['priority', 'choice'],
            'priority': 'code',
            'escalation_code': ['escalation', 'choice'],
            'escalation': 'code',
            'category': 'string',
            'reopen_count': 'float',
            'reassignment_count': 'float',
            'sla_due': 'timestamp',
            'made_sla': 'boolean',
            'company_value': 'string',
            'parent_incident_value': 'string',
        },
        'fields': {
            'customer_account_id': 'string',
            'customer_account_name': 'string',
            'first_responded_at': 'timestamp',
            'satisfaction_rating': 'exact',
        },
        'references': ['customer_account_id'],
    } -%}
    {{- return({
        'incident': incident,
        'task': incident,
        'task_sla': {
            'columns': {
                'task_value': 'string',
                'sla_value': 'string',
                'stage': 'string',
                'has_breached': 'boolean',
                'end_time': 'timestamp',
                'planned_end_time': 'timestamp',
                'start_time': 'timestamp',
                'business_microseconds': ['business_duration', 'duration'],
            },
        },
        'contract_sla': {'columns': {'target': 'string', 'contract_type': ['type', 'string']}},
        'core_company': {'columns': {'name': 'string'}},
        'sys_choice': {
            'columns': {
                'choice_table': ['name', 'string'],
                'element': 'string',
                'choice_value': ['value', 'string'],
                'label': 'string',
                'language': 'string',
            },
        },
    }) -}}
{% endmacro %}
