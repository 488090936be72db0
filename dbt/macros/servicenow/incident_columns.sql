{% macro incident_columns() %}
    {#- What is read of an incident, from `incident` and from the class table `task` alike. -#}
    {{- return({
        'opened_at': 'timestamp',
        'resolved_at': 'timestamp',
        'closed_at': 'timestamp',
        'business_stc': 'seconds',
        'reopened_time': 'timestamp',
        'state': 'state',
        'incident_state': 'state',
        'priority': 'code',
        'escalation': 'code',
        'category': 'string',
        'reopen_count': 'float',
        'reassignment_count': 'float',
        'sla_due': 'timestamp',
        'made_sla': 'boolean',
        'company_value': 'string',
        'parent_incident_value': 'string',
    }) -}}
{% endmacro %}


{% macro incident_fields() %}
    {{- return({
        'customer_account_id': 'string',
        'customer_account_name': 'string',
        'first_responded_at': 'timestamp',
        'satisfaction_rating': 'exact',
    }) -}}
{% endmacro %}
