{% macro kpi_catalogue() %}
    {#- Made of domain/kpis.py by `make reference`. -#}
    {{- return([
        {'slug': 'nps', 'source': 'salesforce', 'column': 'nps', 'summed': none},
        {'slug': 'csat', 'source': 'salesforce', 'column': 'csat', 'summed': 'int_case_rating'},
        {'slug': 'executive_engagement', 'source': 'salesforce', 'column': 'executive_engagement_score', 'summed': 'int_executive_touch'},
        {'slug': 'adoption_index', 'source': 'salesforce', 'column': 'adoption_index', 'summed': none},
        {'slug': 'support_ticket_volume', 'source': 'servicenow', 'column': 'support_ticket_volume', 'summed': none},
        {'slug': 'support_ticket_rate', 'source': 'servicenow', 'column': 'support_ticket_rate', 'summed': none},
        {'slug': 'sla_compliance', 'source': 'servicenow', 'column': 'sla_compliance_percent', 'summed': none},
        {'slug': 'first_response_time', 'source': 'servicenow', 'column': 'first_response_time_hours', 'summed': none},
        {'slug': 'resolution_time', 'source': 'servicenow', 'column': 'resolution_time_hours', 'summed': none},
        {'slug': 'support_satisfaction', 'source': 'servicenow', 'column': 'support_satisfaction', 'summed': none},
        {'slug': 'revenue_growth', 'source': 'salesforce', 'column': 'revenue_growth_percent', 'summed': 'int_revenue_amount'},
        {'slug': 'net_revenue_retention', 'source': 'salesforce', 'column': 'net_revenue_retention', 'summed': 'int_revenue_amount'},
        {'slug': 'gross_revenue_retention', 'source': 'salesforce', 'column': 'gross_revenue_retention', 'summed': 'int_revenue_amount'},
        {'slug': 'churn_risk', 'source': 'salesforce', 'column': 'churn_risk', 'summed': none},
    ]) -}}
{% endmacro %}


{% macro source_catalogue() %}
    {#- Made of domain/sources.py by `make reference`. -#}
    {{- return([
        {'name': 'salesforce', 'known_account': 'is_salesforce_account', 'lists_accounts': true},
        {'name': 'servicenow', 'known_account': 'is_seen_in_servicenow', 'lists_accounts': false},
    ]) -}}
{% endmacro %}


{% macro account_column_catalogue() %}
    {#- Made of domain/account_columns.py by `make reference`. -#}
    {{- return([
        {'name': 'website', 'type': 'string', 'table': 'account', 'landed': 'website'},
        {'name': 'industry', 'type': 'string', 'table': 'account', 'landed': 'industry'},
        {'name': 'region', 'type': 'string', 'table': 'account', 'landed': 'billing_country'},
        {'name': 'csm_name', 'type': 'string', 'table': 'user', 'landed': 'name'},
        {'name': 'csm_email', 'type': 'string', 'table': 'user', 'landed': 'email'},
        {'name': 'revenue', 'type': 'float', 'table': 'account', 'landed': none},
        {'name': 'arr', 'type': 'float', 'table': 'revenue', 'landed': none},
        {'name': 'arr_in_grace', 'type': 'float', 'table': 'revenue', 'landed': none},
        {'name': 'next_renewal_date', 'type': 'date', 'table': 'revenue', 'landed': none},
        {'name': 'arr_currency', 'type': 'string', 'table': 'revenue', 'landed': none},
    ]) -}}
{% endmacro %}


{% macro health_catalogue() %}
    {#- Made of domain/health.py by `make reference`. -#}
    {{- return([
        {'name': 'nps', 'category': 'relationship', 'weight': 0.3, 'curve': [[-50, 0], [0, 40], [30, 70], [60, 100]]},
        {'name': 'csat', 'category': 'relationship', 'weight': 0.3, 'curve': [[1, 0], [3, 40], [4, 75], [4.6, 100]]},
        {'name': 'executive_engagement', 'category': 'relationship', 'weight': 0.4, 'curve': [[0, 0], [1, 60], [3, 100]]},
        {'name': 'adoption_index', 'category': 'adoption', 'weight': 0.5, 'curve': [[0, 0], [100, 100]]},
        {'name': 'activation', 'category': 'adoption', 'weight': 0.3, 'curve': [[0, 0], [100, 100]]},
        {'name': 'feature_usage', 'category': 'adoption', 'weight': 0.2, 'curve': [[0, 0], [100, 100]]},
        {'name': 'revenue_growth', 'category': 'business_outcomes', 'weight': 0.4, 'curve': [[-50, 0], [0, 50], [25, 100]]},
        {'name': 'net_revenue_retention', 'category': 'business_outcomes', 'weight': 0.4, 'curve': [[50, 0], [80, 25], [100, 70], [120, 100]]},
        {'name': 'churn_risk', 'category': 'business_outcomes', 'weight': 0.2, 'curve': [[0, 100], [100, 0]]},
        {'name': 'sla_compliance', 'category': 'support', 'weight': 0.4, 'curve': [[70, 0], [85, 40], [95, 85], [100, 100]]},
        {'name': 'support_satisfaction', 'category': 'support', 'weight': 0.3, 'curve': [[1, 0], [3, 40], [4, 75], [4.6, 100]]},
        {'name': 'first_response_time', 'category': 'support', 'weight': 0.15, 'curve': [[0, 100], [4, 70], [24, 0]]},
        {'name': 'resolution_time', 'category': 'support', 'weight': 0.15, 'curve': [[0, 100], [24, 70], [120, 0]]},
    ]) -}}
{% endmacro %}


{% macro customer_columns() %}
    {#- Made of domain/batch_rows.py by `make reference`. -#}
    {{- return({
        'customer_id': 'string',
        'account_type_list': 'integer',
        'title_list': 'integer',
        'is_strict': 'boolean',
        'population': 'string',
        'has_account_type': 'boolean',
        'count_emails': 'boolean',
        'planned_days': 'integer',
        'converts_money': 'boolean',
        'target_currency': 'string',
        'uses_dated_rates': 'boolean',
        'basis_setting': 'string',
        'default_term_months': 'integer',
        'grace_days': 'integer',
        'has_opportunities': 'boolean',
        'has_asset_periods': 'boolean',
        'has_engagement_field': 'boolean',
        'has_churn_field': 'boolean',
        'sla_setting': 'string',
        'sla_unit': 'string',
        'has_task_sla': 'boolean',
        'has_sla_due': 'boolean',
        'has_made_sla': 'boolean',
        'has_contract_sla': 'boolean',
        'has_contract_target': 'boolean',
        'has_contract_type': 'boolean',
        'has_choice_language': 'boolean',
        'has_priority': 'boolean',
        'has_escalation': 'boolean',
        'child_incidents': 'string',
        'reopened': 'string',
        'has_reopening': 'boolean',
        'time_setting': 'string',
        'has_business_time': 'boolean',
        'has_sla_time': 'boolean',
        'has_reassignment_count': 'boolean',
        'health_scheme': 'string',
        'relationship_weight': 'float',
        'adoption_weight': 'float',
        'business_outcomes_weight': 'float',
        'support_weight': 'float',
    }) -}}
{% endmacro %}


{% macro kpi_setting_columns() %}
    {#- Made of domain/batch_rows.py by `make reference`. -#}
    {{- return({
        'kpi': 'string',
        'source': 'string',
        'scale': 'float',
        'minimum': 'float',
        'maximum': 'float',
        'prior_window_start': 'timestamp',
        'prior_window_end': 'timestamp',
        'window_start': 'timestamp',
        'ledger_window_start': 'timestamp',
        'window_end': 'timestamp',
        'gap': 'string',
        'gap_by_assets': 'string',
        'is_stale': 'boolean',
        'lowest_rating': 'integer',
        'highest_rating': 'integer',
        'max_outside': 'float',
    }) -}}
{% endmacro %}
